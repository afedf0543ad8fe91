# The scenario for OPA: verify the access token, read the JSON-RPC call, decide by tool and role.
package envoy.authz

import rego.v1

default allow := {"allowed": false, "http_status": 403, "body": "{\"error\":\"denied\"}"}

allow := {
	"allowed": true,
	"headers": {"x-user": claims.sub},
	"request_headers_to_remove": ["authorization"],
} if {
	data.bench.agents[claims.client_id]
	call.method == "tools/call"
	some role in claims.roles
	data.bench.grants[role][call.params.name]
}

call := input.parsed_body

token := t if {
	h := input.attributes.request.http.headers.authorization
	startswith(h, "Bearer ")
	t := substring(h, 7, -1)
}

jwks := r.raw_body if {
	r := http.send({
		"url": data.bench.jwks_url, "method": "GET", "raise_error": false,
		"force_cache": true, "force_cache_duration_seconds": 3600,
	})
	r.status_code == 200
}

claims := c if {
	[valid, _, c] := io.jwt.decode_verify(token, {
		"cert": jwks, "alg": "ES256", "iss": data.bench.issuer, "aud": data.bench.audience,
	})
	valid
	c.exp
}
