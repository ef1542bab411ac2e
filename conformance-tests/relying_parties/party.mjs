// Relying parties made of openid-client and oauth4webapi, unmodified. One line of JSON asks the tests' browser to go somewhere; one line
// answers where it ended, or which form it brought. The last line says what was found out.
import { webcrypto } from 'node:crypto'
import https from 'node:https'
import readline from 'node:readline'
import * as openid from 'openid-client'
import * as oauth from 'oauth4webapi'

const { issuer, clientId, redirectUri, pkcs8, curve, certificate, flow, registration } = JSON.parse(process.argv[2])
const algorithm = curve === 'Ed25519' ? { name: 'Ed25519' } : { name: 'ECDSA', namedCurve: 'P-256' }
const key = pkcs8 && (await webcrypto.subtle.importKey('pkcs8', Buffer.from(pkcs8, 'base64'), algorithm, false, ['sign']))
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const browser = async (go, number) => {
  console.log(JSON.stringify({ go: String(go), number }))
  return JSON.parse((await lines.next()).value)
}

const signing = { key, kid: 'k1' }

// Node.js' own fetch shows no certificate; its https does. Everything else is the library's.
const agent = certificate && new https.Agent({ cert: certificate, key: certificate })
const fetchWithCertificate = (url, { method, headers, body }) =>
  new Promise((resolve, reject) => {
    const asked = https.request(url, { method, agent, headers: Object.fromEntries(new Headers(headers)) }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => {
        const told = Object.entries(answer.headers).map(([name, value]) => [name, String(value)])
        resolve(new Response(Buffer.concat(parts), { status: answer.statusCode, headers: told }))
      })
    })
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : String(body))
  })
const CLAIMS = JSON.stringify({ id_token: { acr: { essential: true, values: ['aal3'] }, auth_time: { essential: true } } })

// What came back, as the library wants it: an address, or the form that was posted to it.
const arrived = ({ url, form }) =>
  form === undefined
    ? new URL(url)
    : new Request(redirectUri, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form,
      })

// A device (RFC 8628): shows where to go and a number, and asks until somebody has agreed.
const deviceOfOpenidClient = async (config) => {
  const asked = await openid.initiateDeviceAuthorization(config, { scope: 'openid', claims: CLAIMS })
  await browser(asked.verification_uri_complete, asked.match_number)
  const tokens = await openid.pollDeviceAuthorizationGrant(config, asked)
  const claims = tokens.claims()
  return { claims, info: await openid.fetchUserInfo(config, tokens.access_token, claims.sub) }
}

const deviceOfOauth4webapi = async (as, client, authentication) => {
  const parameters = new URLSearchParams({ scope: 'openid', claims: CLAIMS })
  const answer = await oauth.deviceAuthorizationRequest(as, client, authentication, parameters)
  const asked = await oauth.processDeviceAuthorizationResponse(as, client, answer)
  await browser(asked.verification_uri_complete, asked.match_number)
  const given = await oauth.deviceCodeGrantRequest(as, client, authentication, asked.device_code)
  const tokens = await oauth.processDeviceCodeResponse(as, client, given)
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  const info = await oauth.userInfoRequest(as, client, tokens.access_token)
  return { claims, info: await oauth.processUserInfoResponse(as, client, claims.sub, info) }
}

const withOpenidClient = async () => {
  const config = certificate
    ? await openid.discovery(new URL(issuer), clientId, { use_mtls_endpoint_aliases: true }, openid.TlsClientAuth(), {
        [openid.customFetch]: fetchWithCertificate,
      })
    : registration
      ? await openid.dynamicClientRegistration(new URL(issuer), registration.metadata, openid.PrivateKeyJwt(signing), {
          initialAccessToken: registration.token,
        })
      : await openid.discovery(new URL(issuer), clientId, undefined, openid.PrivateKeyJwt(signing))
  if (flow === 'device') return deviceOfOpenidClient(config)
  const [pkceCodeVerifier, expectedState, expectedNonce] = [
    openid.randomPKCECodeVerifier(),
    openid.randomState(),
    openid.randomNonce(),
  ]
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'openid',
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    claims: CLAIMS,
  }
  const url = {
    plain: () => openid.buildAuthorizationUrl(config, parameters),
    form_post: () => openid.buildAuthorizationUrl(config, { ...parameters, response_mode: 'form_post' }),
    pushed: () => openid.buildAuthorizationUrlWithPAR(config, parameters),
    signed: () => openid.buildAuthorizationUrlWithJAR(config, parameters, signing),
    signed_and_pushed: async () => {
      const { searchParams } = await openid.buildAuthorizationUrlWithJAR(config, parameters, signing)
      return openid.buildAuthorizationUrlWithPAR(config, searchParams)
    },
  }[flow]
  const answer = arrived(await browser(await url()))
  const tokens = await openid.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  const info = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
  return { claims, info, token: tokens.access_token }
}

const withOauth4webapi = async () => {
  const server = new URL(issuer)
  const as = await oauth.processDiscoveryResponse(server, await oauth.discoveryRequest(server))
  const client = registration
    ? await oauth.processDynamicClientRegistrationResponse(
        await oauth.dynamicClientRegistrationRequest(as, registration.metadata, { initialAccessToken: registration.token }),
      )
    : { client_id: clientId, use_mtls_endpoint_aliases: Boolean(certificate) }
  const authentication = certificate ? oauth.TlsClientAuth() : oauth.PrivateKeyJwt(signing)
  const options = certificate ? { [oauth.customFetch]: fetchWithCertificate } : {}
  if (flow === 'device') return deviceOfOauth4webapi(as, client, authentication)
  const [verifier, state, nonce] = [
    oauth.generateRandomCodeVerifier(),
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
  ]
  let parameters = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    claims: CLAIMS,
  })
  if (flow === 'form_post') parameters.set('response_mode', 'form_post')
  if (flow.startsWith('signed')) {
    const request = await oauth.issueRequestObject(as, client, parameters, signing)
    parameters = new URLSearchParams({ client_id: client.client_id, request })
  }
  if (flow.endsWith('pushed')) {
    const answer = await oauth.pushedAuthorizationRequest(as, client, authentication, parameters, options)
    const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, answer)
    parameters = new URLSearchParams({ client_id: client.client_id, request_uri })
  }
  const { url, form } = await browser(`${as.authorization_endpoint}?${parameters}`)
  const came = form === undefined ? new URL(url) : new URLSearchParams(form)
  const callback = oauth.validateAuthResponse(as, client, came, state)
  const answer = await oauth.authorizationCodeGrantRequest(as, client, authentication, callback, redirectUri, verifier, options)
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  const asked = await oauth.userInfoRequest(as, client, tokens.access_token, options)
  return { claims, info: await oauth.processUserInfoResponse(as, client, claims.sub, asked), token: tokens.access_token }
}

const done = await (process.argv[3] === 'oauth4webapi' ? withOauth4webapi() : withOpenidClient())
console.log(JSON.stringify({ done }))
process.exit(0)
