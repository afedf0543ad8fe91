"""A setting with one fact otherwise: copies, for a trial to go on with."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from authz.directory.compiled import (
    Agent,
    Connection,
    Directory,
    Issuer,
    Role,
    Target,
    targets_by_host,
)
from authz.model.principals import Login
from authz.model.scopes import Scopes
from authz.trial.stated import Setting


def _with_directory(setting: Setting, directory: Directory) -> Setting:
    policies = replace(setting.world.policies, agents=directory.agents)
    world = replace(setting.world, directory=directory, policies=policies)
    return replace(setting, world=world)


def with_agent(setting: Setting, agent: Agent) -> Setting:
    """Give *setting* with *agent* instead of the one of its name."""
    directory = setting.world.directory
    by_spiffe = dict.fromkeys(agent.spiffe_ids, agent)
    by_client = dict.fromkeys(agent.clients, agent)
    changed = replace(
        directory,
        agents={**directory.agents, agent.name: agent},
        agents_by_spiffe={**directory.agents_by_spiffe, **by_spiffe},
        agents_by_client={**directory.agents_by_client, **by_client},
    )
    return _with_directory(setting, changed)


def with_connection(setting: Setting, agent: Agent, connection: Connection) -> Setting:
    """Give *setting* with *connection* among those of *agent*."""
    connections = {**agent.connections, connection.to: connection}
    return with_agent(setting, replace(agent, connections=connections))


def with_target(setting: Setting, target: Target) -> Setting:
    """Give *setting* with *target* instead of the one of its name."""
    directory = setting.world.directory
    targets = {**directory.targets, target.name: target}
    by_host = targets_by_host(targets.values())
    changed = replace(directory, targets=targets, targets_by_host=by_host)
    return _with_directory(setting, changed)


def with_issuer(setting: Setting, issuer: Issuer) -> Setting:
    """Give *setting* with *issuer* instead of the one of its name."""
    directory = setting.world.directory
    changed = replace(
        directory,
        issuers={**directory.issuers, issuer.name: issuer},
        issuers_by_url={**directory.issuers_by_url, issuer.url: issuer},
    )
    return _with_directory(setting, changed)


def with_role(setting: Setting, user: str, role: Role) -> Setting:
    """Give *setting* with one role more for *user* (`issuer/sub`)."""
    directory = setting.world.directory
    roles = (*directory.roles_by_user.get(user, ()), role)
    changed = replace(directory, roles_by_user={**directory.roles_by_user, user: roles})
    return _with_directory(setting, changed)


def with_login_scopes(setting: Setting, missing: Scopes) -> Setting:
    """Give *setting* with a credential that lists *missing* as well."""
    login = setting.stated.login
    if not isinstance(login, Login):
        return setting
    wider = structs.replace(login, scopes=login.scopes | missing)
    return replace(setting, stated=replace(setting.stated, login=wider))


def with_group(setting: Setting, group: str) -> Setting:
    """Give *setting* with a login that names *group* as well."""
    login = setting.stated.login
    if not isinstance(login, Login):
        return setting
    wider = structs.replace(login, groups=login.groups | {group})
    return replace(setting, stated=replace(setting.stated, login=wider))
