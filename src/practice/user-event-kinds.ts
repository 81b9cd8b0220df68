/** Kinds of events about people: how they sign in, and what becomes of their accounts. */
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
const FAILED = [['FAILURE', 'INVALID_CREDENTIALS']] as const;

export const USER_EVENT_KINDS: readonly EventKind[] = [
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
];
