/** Kinds of events about what an org has: groups, apps, tokens, and the org itself. */
import { type EventKind, kind } from './event-kind.ts';

const OK = [['SUCCESS', null]] as const;
const DENY = [['DENY', 'Access denied: R&D policy']] as const;
const LIMITED = [['FAILURE', 'Rate limit exceeded']] as const;

export const ORG_EVENT_KINDS: readonly EventKind[] = [
  // Groups and apps
  kind('group.user_membership.add', 'Add user to group membership', {
    weight: 8,
    legacy: 'core.user_group_member.user_add',
    targets: ['User', 'UserGroup'],
    uri: '/api/v1/groups',
  }),
  kind('group.user_membership.remove', 'Remove user from group membership', {
    weight: 4,
    legacy: 'core.user_group_member.user_remove',
    targets: ['User', 'UserGroup'],
    uri: '/api/v1/groups',
  }),
  kind('group.lifecycle.create', 'Create a group', {
    targets: ['UserGroup'],
    uri: '/api/v1/groups',
  }),
  kind('group.application_assignment.add', 'Add assigned application to group', {
    targets: ['UserGroup', 'AppInstance'],
    uri: '/api/v1/apps',
  }),
  kind('application.user_membership.add', 'Add user to application membership', {
    weight: 6,
    legacy: 'app.generic.provision.assign_user_to_app',
    targets: ['AppUser', 'AppInstance', 'User'],
    uri: '/api/v1/apps',
  }),
  kind('application.user_membership.remove', "Remove user's application membership", {
    weight: 4,
    targets: ['AppUser', 'AppInstance', 'User'],
    uri: '/api/v1/apps',
  }),
  kind('application.lifecycle.create', 'Create application', {
    targets: ['AppInstance'],
    uri: '/api/v1/apps',
  }),
  kind('application.lifecycle.update', 'Update application', {
    legacy: 'app.generic.config.app_updated',
    targets: ['AppInstance'],
    uri: '/api/v1/apps',
  }),
  kind('application.policy.sign_on.deny_access', 'Deny user access due to app sign on policy', {
    actor: 'user',
    severity: 'WARN',
    targets: ['AppInstance', 'AppUser'],
    outcomes: DENY,
    uri: '/app/practice/sso/saml',
  }),
  kind('application.provision.user.sync', 'Sync user in external application', {
    weight: 4,
    actor: 'system',
    targets: ['AppInstance', 'AppUser'],
    uri: undefined,
  }),
  kind('app.generic.unauth_app_access_attempt', 'User attempted unauthorized access to app', {
    legacy: 'app.generic.unauth_app_access_attempt',
    actor: 'user',
    severity: 'WARN',
    targets: ['AppInstance', 'User'],
    outcomes: [['FAILURE', 'User is not assigned & has no access']],
    uri: '/app/practice/sso/saml',
  }),
  kind('app.access_request.request', 'User requested access to app', {
    actor: 'user',
    targets: ['AppInstance'],
    uri: '/api/internal/catalogs/apps/request',
  }),
  kind('access.request.create', 'Access request created', {
    actor: 'user',
    targets: ['Request'],
    uri: undefined,
  }),
  kind('access.request.resolve', 'Access request resolved', {
    actor: 'system',
    targets: ['Request'],
    uri: undefined,
  }),
  // OAuth
  kind('app.oauth2.token.grant.access_token', 'OIDC access token is granted', {
    weight: 14,
    legacy: 'app.oauth2.token.grant.access_token_success',
    actor: 'client',
    targets: ['access_token'],
    uri: '/oauth2/v1/token',
  }),
  kind('app.oauth2.token.revoke', 'OIDC token revocation request', {
    weight: 4,
    legacy: 'app.oauth2.token.revoke_success',
    actor: 'client',
    targets: ['access_token'],
    uri: '/oauth2/v1/revoke',
  }),
  kind('app.oauth2.signon', 'User performed OIDC SSO to app', {
    weight: 8,
    actor: 'user',
    targets: ['AppInstance'],
    uri: '/oauth2/v1/authorize',
  }),
  // The org itself
  kind('policy.lifecycle.update', 'Update policy', {
    legacy: 'policy.lifecycle.update',
    targets: ['PolicyEntity'],
    uri: '/api/v1/policies',
  }),
  kind('policy.rule.update', 'Update policy rule', {
    targets: ['PolicyEntity', 'PolicyRule'],
    uri: '/api/v1/policies',
  }),
  kind('system.api_token.create', 'Create API token', {
    legacy: 'api.token.create',
    targets: ['Token'],
    uri: '/api/internal/tokens',
  }),
  kind('system.api_token.revoke', 'Revoke API token', {
    legacy: 'api.token.revoke',
    targets: ['Token'],
    uri: '/api/internal/tokens',
  }),
  kind('system.org.rate_limit.warning', 'Rate limit warning', {
    legacy: 'core.framework.ratelimit.warning',
    actor: 'system',
    severity: 'WARN',
    targets: ['URL Pattern'],
    outcomes: OK,
    uri: '/api/v1/users',
  }),
  kind('system.org.rate_limit.violation', 'Rate limit violation', {
    actor: 'system',
    severity: 'WARN',
    targets: ['URL Pattern'],
    outcomes: LIMITED,
    uri: '/api/v1/users',
  }),
  kind('system.log_stream.lifecycle.create', 'Create log stream', {
    targets: ['LogStream'],
    uri: '/api/v1/logStreams',
  }),
  kind('security.request.blocked', 'Request from suspicious actor blocked', {
    weight: 3,
    actor: 'stranger',
    severity: 'WARN',
    outcomes: DENY,
    uri: '/api/v1/authn',
  }),
  kind('security.threat.detected', 'Request from suspicious actor', {
    weight: 3,
    actor: 'stranger',
    severity: 'WARN',
    outcomes: [['DENY', 'Password Spray']],
    uri: '/api/v1/authn',
  }),
  kind('zone.update', 'Update network zone', { targets: ['Zone'], uri: '/api/v1/zones' }),
  kind('device.enrollment.create', 'Device enrolled', {
    weight: 3,
    actor: 'user',
    targets: ['Device', 'User'],
    uri: '/idp/authenticators',
  }),
  kind('event_hook.activated', 'Activate event hook', {
    targets: ['EventHook'],
    uri: '/api/v1/eventHooks',
  }),
  kind('workflows.user.flow.create', 'Create a Workflows flow', {
    targets: ['Flow'],
    uri: undefined,
  }),
  kind('user.session.impersonation.initiate', 'Initiate impersonation session', {
    weight: 1,
    actor: 'admin',
    targets: ['User'],
    uri: '/api/v1/support/impersonate',
  }),
];
