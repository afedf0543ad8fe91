"""A real OpenID provider, the npm package `oidc-provider`, for the demo and the tests.

`make idp` installs it. The modules in JavaScript are the provider with its
cast and a scripted user; those in Python start it, log users in, and steer it.

To move its packages: change `package.json`, then run `npm install
--package-lock-only` in this folder, and try both; the versions are exact
because the modules are written to what the package does.
"""
