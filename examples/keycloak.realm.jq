# The realm that `scripts/services keycloak start` gives to Keycloak: 500 users, 20 groups, 8 roles, and a client
# that may read them. Tokens live 60 seconds, so that a poll has to renew them.

def number: (. + 1000 | tostring)[1:];
def group: "group-\(. % 20 + 1 | number)";
def role: "role-\(. % 8 + 1 | number)";

{
  realm: "orchid",
  enabled: true,
  sslRequired: "none",
  accessTokenLifespan: 60,
  roles: { realm: [range(8) | { name: role, description: "Role \(. + 1)" }] },
  groups: [range(20) | { name: group }],
  clients: [
    {
      clientId: "orchid-poller",
      secret: "orchid-poller-secret",
      publicClient: false,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      directAccessGrantsEnabled: false
    }
  ],
  users: (
    [
      range(500) | {
        username: "user-\(. + 1 | number)",
        email: "user-\(. + 1 | number)@example.com",
        firstName: "First \(. + 1)",
        lastName: (if . % 7 == 0 then "Ünal-O'Brien, \"Jr.\"" else "Last \(. + 1)" end),
        enabled: (. % 10 != 9),
        emailVerified: true,
        # One or two groups, none for every 25th user; one to three roles.
        groups: (if . % 25 == 24 then [] else [group, (. / 20 | floor | group)] | unique | map("/" + .) end),
        realmRoles: (["default-roles-orchid", role] + if . % 3 == 0 then [(. + 3 | role)] else [] end)
      }
    ] + [
      {
        username: "service-account-orchid-poller",
        enabled: true,
        serviceAccountClientId: "orchid-poller",
        clientRoles: { "realm-management": ["view-users", "query-users", "query-groups"] }
      }
    ]
  )
}
