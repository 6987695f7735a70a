// OpenID provider of the tests: one client, any account, the maker's own pages of log-in and consent.
// Arguments: client id, client secret, redirect URI, port. Prints "ready" when it listens.
import { Provider } from "oidc-provider";

const [clientId, clientSecret, redirectUri, port] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true },
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: true, name: `Person ${id}` }),
  }),
  cookies: { keys: ["keys of a test"] },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
