/**
 * The kinds of events that practice events are drawn from: names from Okta's catalogue of event types
 * (https://developer.okta.com/docs/reference/api/event-types/), shapes as in the sample events, weights by guess.
 */

import { type EventKind, kind } from './event-kind.ts';

const OK = [['SUCCESS', null]] as const;
const MOSTLY_OK = [
  ['SUCCESS', null],
  ['SUCCESS', null],
  ['SUCCESS', null],
  ['FAILURE', 'INVALID_CREDENTIALS'],
] as const;
const ALLOW = [
  ['ALLOW', 'Sign-on policy evaluation resulted in ALLOW'],
  ['CHALLENGE', 'Sign-on policy evaluation resulted in CHALLENGE'],
] as const;
const DENY = [['DENY', 'Access denied: R&D policy']] as const;
const FAILED = [['FAILURE', 'INVALID_CREDENTIALS']] as const;
const LIMITED = [['FAILURE', 'Rate limit exceeded']] as const;

export const EVENT_KINDS: readonly EventKind[] = [
  // Signing in and out
  kind('user.session.start', 'User login to Okta', {
    weight: 30,
    legacy: 'core.user_auth.login_success',
    actor: 'user',
    uri: '/api/v1/authn',
    outcomes: OK,
  }),
  kind('user.session.start', 'User login to Okta', {
    weight: 8,
    legacy: 'core.user_auth.login_failed',
    actor: 'stranger',
    severity: 'WARN',
    uri: '/api/v1/authn',
    outcomes: FAILED,
  }),
  kind('user.session.end', 'User logout from Okta', {
    weight: 12,
    legacy: 'core.user_auth.logout_success',
    actor: 'user',
    uri: '/login/signout',
  }),
  kind('user.session.clear', 'Clear user session', { targets: ['User'] }),
  kind('user.session.access_admin_app', 'User accessing Okta admin app', {
    weight: 4,
    legacy: 'app.admin.sso.login.success',
    targets: ['AppInstance', 'User'],
    uri: '/admin/sso/callback',
  }),
  kind('policy.evaluate_sign_on', 'Evaluation of sign-on policy', {
    weight: 30,
    actor: 'user',
    targets: ['PolicyEntity', 'PolicyRule'],
    outcomes: ALLOW,
    uri: '/api/v1/authn',
  }),
  kind('user.authentication.sso', 'User single sign on to app', {
    weight: 30,
    legacy: 'app.auth.sso',
    actor: 'user',
    targets: ['AppInstance', 'AppUser'],
    uri: '/app/practice/sso/saml',
  }),
  kind('user.authentication.verify', 'Verify user identity', {
    weight: 12,
    actor: 'user',
    uri: '/idp/idx/challenge/answer',
    targets: ['AuthenticatorEnrollment'],
  }),
  kind('user.authentication.auth_via_mfa', 'Authentication of user via MFA', {
    weight: 16,
    legacy: 'core.user.factor.attempt_success',
    actor: 'user',
    targets: ['User'],
    outcomes: MOSTLY_OK,
    uri: '/api/v1/authn/factors/opf/verify',
  }),
  kind('user.authentication.auth_via_IDP', 'Authenticate user via IDP', {
    weight: 4,
    actor: 'user',
    targets: ['User'],
    uri: '/sso/saml2/practice',
  }),
  kind('user.mfa.okta_verify.deny_push', 'User rejected Okta push verify', {
    actor: 'user',
    severity: 'WARN',
    targets: ['User'],
    outcomes: [['FAILURE', 'User rejected Okta push verify']],
    uri: '/api/v1/authn/factors/opf/verify',
  }),
  kind('system.push.send_factor_verify_push', 'Send Okta Verify push', {
    weight: 8,
    legacy: 'core.user.push.factor.verify',
    actor: 'user',
    targets: ['User'],
    uri: '/api/v1/authn/factors/opf/verify',
  }),
  kind('system.email.new_device_notification.sent_message', 'Send new device notification', {
    weight: 3,
    actor: 'system',
    targets: ['User'],
    uri: undefined,
  }),
  // People
  kind('user.lifecycle.create', 'Create Okta user', {
    weight: 4,
    legacy: 'core.user.config.user_creation.success',
    targets: ['User'],
  }),
  kind('user.lifecycle.activate', 'Activate Okta user', {
    legacy: 'core.user.config.user_activated',
    targets: ['User'],
  }),
  kind('user.lifecycle.deactivate', 'Deactivate Okta user', {
    legacy: 'core.user.config.user_deactivated',
    targets: ['User'],
  }),
  kind('user.lifecycle.suspend', 'Suspend Okta user', {
    legacy: 'core.user.config.user_status.suspended',
    targets: ['User'],
  }),
  kind('user.lifecycle.unsuspend', 'Unsuspend Okta user', { targets: ['User'] }),
  kind('user.lifecycle.delete.initiated', 'Delete Okta user initiated', {
    legacy: 'core.user.config.user_status.delete.initiated',
    targets: ['User'],
  }),
  kind('user.account.update_profile', 'Update user profile for Okta', {
    weight: 6,
    legacy: 'core.user.config.profile.update_success',
    targets: ['User'],
  }),
  kind('user.account.update_password', 'User update password for Okta', {
    weight: 3,
    actor: 'user',
    targets: ['User'],
    uri: '/api/v1/users/me/credentials/change_password',
  }),
  kind('user.account.reset_password', 'User reset password for Okta', { targets: ['User'] }),
  kind('user.account.lock', 'Max sign in attempts exceeded', {
    legacy: 'core.user_auth.account_locked',
    actor: 'stranger',
    severity: 'WARN',
    targets: ['User'],
    outcomes: [['FAILURE', 'LOCKED_OUT']],
    uri: '/api/v1/authn',
  }),
  kind('user.account.unlock', 'Unlock user account', { targets: ['User'] }),
  kind('user.account.privilege.grant', 'Grant user privilege', { targets: ['User', 'Role'] }),
  kind('user.mfa.factor.activate', 'User enrolled a factor', {
    weight: 3,
    legacy: 'core.user.factor.activate',
    actor: 'user',
    targets: ['User', 'AuthenticatorEnrollment'],
    uri: '/api/v1/users/me/factors',
  }),
  kind('user.mfa.factor.deactivate', 'Reset factor for user', { targets: ['User'] }),
  kind('user.mfa.factor.reset_all', 'Reset all factors for user', { targets: ['User'] }),
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
