// A certified OpenID Provider (npm oidc-provider) for the sign-in tests, on a free port of loopback.
//
//   run '{"clients": [...], "people": [...], "issuer": "https://idp.test:8443", "conform": true}'
//
// clients  metadata of OpenID Connect Dynamic Client Registration: client_id, client_secret, redirect_uris,
//          post_logout_redirect_uris, token_endpoint_auth_method, id_token_signed_response_alg,
//          backchannel_logout_uri, backchannel_logout_session_required
// people   claims, `sub` among them: {"sub": "ada", "email": "ada@acme.example", "email_verified": true,
//          "groups": ["staff"]}. Who has not been named is known by `sub` alone.
// issuer   what it calls itself when something stands before it that ends TLS; else http://127.0.0.1:PORT
// conform  false puts the claims of scopes into the ID token, as many providers do; true (the default) leaves
//          them to userinfo, as the standard has it for the code flow
// clientAuthMethods  how clients may authenticate, ["client_secret_basic", "client_secret_post"] when not said
//
// It prints `listening ISSUER at 127.0.0.1:PORT` and ends when its standard input does, so that it never outlives the test program.
// Signing in takes any password, the button Cancel refuses it (access_denied); consent is given by itself. Beside the protocol, on the same port:
//
//   POST /test/configure   the same JSON: adds clients and people, or replaces those of the same client_id or sub;
//                          `conform` is changed. 204, or 400 with the reason
//   POST /test/rotate      new keys; the old ones are published no more. 204

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const packages = createRequire(join(process.env.OIDC_PROVIDER_PACKAGES, '/'));
const load = (name) => import(pathToFileURL(packages.resolve(name)));
const { default: Provider } = await load('oidc-provider');
const { createMemoryAdapter } = await load('oidc-provider/lib/adapters/memory_adapter.js');

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const settings = JSON.parse(process.argv[2] ?? '{}');
const clients = new Map();
const people = new Map();
// Sessions and codes stay when the provider is built anew.
const adapter = createMemoryAdapter();
const cookieKeys = [randomUUID()];
let conform = true;
let keys = newKeys();
let provider;
let serve;

function newKeys() {
  const made = [['rsa', { modulusLength: 2048 }], ['ec', { namedCurve: 'P-256' }], ['ed25519', {}]];
  return made.map(([kind, options]) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
    kid: `${kind}-${randomUUID()}`,
    use: 'sig',
  }));
}

async function configure(change) {
  for (const client of change.clients ?? []) clients.set(client.client_id, client);
  for (const person of change.people ?? []) people.set(person.sub, person);
  conform = change.conform ?? conform;
  build();
  // Metadata is checked when a client is looked up.
  for (const { client_id: id } of change.clients ?? []) await provider.Client.find(id);
}

// Its configuration is fixed once it is made; so a change makes another one.
function build() {
  provider = new Provider(issuer, {
    adapter,
    clients: [...clients.values()],
    jwks: { keys },
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    clientAuthMethods: settings.clientAuthMethods ?? ['client_secret_basic', 'client_secret_post'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username', 'groups'],
    },
    conformIdTokenClaims: conform,
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...people.get(sub), sub }) }),
    loadExistingGrant: consent,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: askToSignOut },
    },
    // Its own guard lets no back-channel logout reach loopback.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: cookieKeys },
    ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 3600, IdToken: 300, Interaction: 600, Session: 3600 },
  });
  // Behind a front that ends TLS; see the server below.
  provider.proxy = true;
  provider.on('server_error', (_, error) => console.error(error));
  provider.on('backchannel.error', (_, error) => console.error(error));
  serve = provider.callback();
}

async function consent({ oidc }) {
  const { client, session, params } = oidc;
  const known = session.grantIdFor(client.clientId);
  const grant = (known && (await oidc.provider.Grant.find(known)))
    || new oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

// The page of its own loads fonts from elsewhere.
function askToSignOut(context, form) {
  context.body = `<!doctype html><html lang="en"><title>Sign out</title><h1>Sign out?</h1>${form}
    <button form="op.logoutForm" name="logout" value="yes">Yes</button>
    <button form="op.logoutForm">No</button></html>`;
}

async function signIn(request, response) {
  const { prompt } = await provider.interactionDetails(request, response);
  if (request.method === 'POST') {
    const form = new URLSearchParams(await text(request));
    const answer = form.has('cancel')
      ? { error: 'access_denied', error_description: 'The person has cancelled' }
      : { [prompt.name]: { accountId: form.get('login') } };
    return provider.interactionFinished(request, response, answer);
  }
  response.setHeader('content-type', 'text/html; charset=utf-8');
  return response.end(`<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in</h1><form method="post">
    <label>User <input name="login" required autofocus></label>
    <label>Password <input name="password" type="password" required></label>
    <button>Sign in</button> <button name="cancel" value="1" formnovalidate>Cancel</button></form></html>`);
}

const server = createServer(async (request, response) => {
  try {
    request.headers['x-forwarded-proto'] = new URL(issuer).protocol.slice(0, -1);
    if (request.url.startsWith('/interaction/')) {
      await signIn(request, response);
    } else if (request.method === 'POST' && request.url === '/test/configure') {
      await configure(JSON.parse(await text(request)));
      response.writeHead(204).end();
    } else if (request.method === 'POST' && request.url === '/test/rotate') {
      keys = newKeys();
      build();
      response.writeHead(204).end();
    } else {
      await serve(request, response);
    }
  } catch (error) {
    response.writeHead(400, { 'content-type': 'text/plain' }).end(`${error.stack}\n`);
  }
});

await once(server.listen(0, '127.0.0.1'), 'listening');
const issuer = settings.issuer ?? `http://127.0.0.1:${server.address().port}`;
await configure(settings);
console.log(`listening ${issuer} at 127.0.0.1:${server.address().port}`);
process.stdin.resume().on('end', () => process.exit());
