/** Who and what stands in practice events. All of it is invented; addresses are from networks for documentation. */
import type { Target } from './event-kind.ts';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly login: string;
}

export const PEOPLE: readonly Person[] = [
  ['00u1alvarezzoe0Q4x7', 'Zoë Álvarez', 'zoe.alvarez@example.com'],
  ['00u1akessonsrn0Q4x7', 'Søren Åkesson', 'soren.akesson@example.com'],
  ['00u1wangxiaom00Q4x7', '王小明', 'xiaoming.wang@example.com'],
  ['00u1ivanovaolg0Q4x7', 'Ольга Иванова', 'olga.ivanova@example.com'],
  ['00u1nowakluka00Q4x7', 'Łukasz Nowak', 'lukasz.nowak@example.com'],
  ['00u1obrienmav00Q4x7', "Maeve O'Brien", "maeve.o'brien@example.com"],
  ['00u1haddadyus00Q4x7', 'يوسف حداد', 'yusuf.haddad@example.org'],
  ['00u1morganada00Q4x7', 'Ada Morgan', 'ada.morgan@example.com'],
  ['00u1riverasam00Q4x7', 'Sam "Sunny" Rivera', 'sam.rivera@example.net'],
  ['00u1nairpriya00Q4x7', 'Priya Nair', 'priya.nair@example.com'],
  ['00u1weberjana00Q4x7', 'Jana Weber-Groß', 'jana.weber@example.org'],
  ['00u1satokenji00Q4x7', '佐藤 健二', 'kenji.sato@example.com'],
].map(([id = '', name = '', login = '']) => ({ id, name, login }));

/** What strangers type into a sign-in form ends up in the log as it is. */
export const STRANGERS = [
  'admin',
  'administrator@example.com',
  "' or 1=1 --",
  '<script>alert(1)</script>@example.com',
  'root\u001b[31m@example.com',
  'zoe.alvarez@example.com ',
];

/** Numbers as Okta writes them: a whole degree keeps its `.0`. */
export const PLACES = [
  ['Lisbon', 'Lisbon', 'Portugal', '1000-001', '38.7167', '-9.1333'],
  ['Denver', 'Colorado', 'United States', '80202', '39.0', '-105.0'],
  ['København', 'Capital Region', 'Denmark', '1050', '55.6759', '12.5655'],
  ['São Paulo', 'São Paulo', 'Brazil', '01000', '-23.5475', '-46.6361'],
  ['Kraków', 'Lesser Poland', 'Poland', '30-001', '50.0', '19.9'],
  ['東京', '東京都', 'Japan', '100-0001', '35.6895', '139.6917'],
] as const;

export const AGENTS = [
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Mac OS X',
    'CHROME',
    'Computer',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0',
    'Windows 10',
    'FIREFOX',
    'Computer',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
    'iOS 18 (iPhone)',
    'SAFARI',
    'Mobile',
  ],
  ['python-requests/2.32.3', 'Unknown', 'UNKNOWN', 'Unknown'],
] as const;

const APPS = ['Practice CRM', 'Wiki & Docs', 'Payroll', 'Türöffner', 'Source Control'];
const GROUPS = ['Everyone', 'Engineering', 'Finance', 'Équipe Paris', 'Contractors'];

/** RFC 5737 */
export const NETS = ['192.0.2', '198.51.100', '203.0.113'];

/** What a target of each type looks like; people are another matter. */
export const TARGETS: Readonly<
  Record<
    Exclude<Target, 'User' | 'AppUser'>,
    readonly [prefix: string, names: readonly string[], detailEntry: string]
  >
> = {
  AppInstance: ['0oa', APPS, '{"signOnModeType":"SAML_2_0"}'],
  UserGroup: ['00g', GROUPS, 'null'],
  PolicyEntity: ['00p', ['Default Policy', 'Admins & Auditors'], '{"policyType":"OktaSignOn"}'],
  PolicyRule: ['0pr', ['Default Rule', 'Outside Europe'], 'null'],
  Token: ['00T', ['practice-token', 'ci'], 'null'],
  access_token: ['AT.', ['Access Token'], '{"subject":"0oa1practicecli0Q4x","expires":3600.0}'],
  AuthenticatorEnrollment: ['aut', ['Okta Verify', 'Password'], '{"methodTypeUsed":"Push"}'],
  Zone: ['nzo', ['LegacyIpZone', 'Office'], 'null'],
  Device: ['guo', ['Zoë’s MacBook Pro', 'DESKTOP-4711'], '{"platform":"MACOS","managed":true}'],
  EventHook: ['who', ['Practice hook'], 'null'],
  Flow: ['flo', ['Onboarding', 'Offboarding'], 'null'],
  Request: ['req', ['Access to Payroll'], 'null'],
  Role: ['ra1', ['Super administrator', 'Read-only administrator'], 'null'],
  LogStream: ['0oa', ['Practice stream'], 'null'],
  'URL Pattern': ['', ['/api/v1/users', '/api/v1/logs'], 'null'],
};
