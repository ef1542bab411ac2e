// The whole life of a grant with openid-client and oauth4webapi, unmodified: a pushed request with details (RFC 9396) for two resources
// (RFC 8707), tokens bound to a key (RFC 9449, nonces included), ID token and user information whose signatures the library verifies,
// refresh for the other resource, signed introspection (RFC 9701), revocation, and logout with the ID token as hint. Asks for the browser
// as party.mjs does.
import { webcrypto } from 'node:crypto'
import readline from 'node:readline'
import * as openid from 'openid-client'
import * as oauth from 'oauth4webapi'

const { issuer, clientId, redirectUri, pkcs8, resource, details, bye } = JSON.parse(process.argv[2])
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const key = await webcrypto.subtle.importKey('pkcs8', Buffer.from(pkcs8, 'base64'), algorithm, false, ['sign'])
const signing = { key, kid: 'k1' }
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const browser = async (go) => {
  console.log(JSON.stringify({ go: String(go) }))
  return new URL(JSON.parse((await lines.next()).value).url)
}

const metadata = {
  client_id: clientId,
  id_token_signed_response_alg: 'ES256',
  userinfo_signed_response_alg: 'ES256',
  introspection_signed_response_alg: 'ES256',
}
const asked = (state, nonce, challenge, userinfo) => {
  const parameters = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid',
    state,
    nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    max_age: '600',
    authorization_details: JSON.stringify(details),
  })
  parameters.append('resource', userinfo)
  parameters.append('resource', resource)
  return parameters
}

// What must not go any more: the error that the library throws.
const refused = async (promise) => {
  try {
    await promise
  } catch (error) {
    return error.error ?? error.code ?? String(error)
  }
  return 'accepted'
}

const withOpenidClient = async () => {
  const config = await openid.discovery(new URL(issuer), clientId, metadata, openid.PrivateKeyJwt(signing), {
    execute: [openid.enableNonRepudiationChecks],
  })
  const server = config.serverMetadata()
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
  const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()]
  const challenge = await openid.calculatePKCECodeChallenge(verifier)
  const parameters = asked(state, nonce, challenge, server.userinfo_endpoint)
  const came = await browser(await openid.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }))
  const tokens = await openid.authorizationCodeGrant(
    config,
    came,
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, maxAge: 600 },
    { resource: server.userinfo_endpoint },
    { DPoP },
  )
  const claims = tokens.claims()
  const info = await openid.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
  const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token, { resource }, { DPoP })
  const last = refreshed.refresh_token ?? tokens.refresh_token
  const active = await openid.tokenIntrospection(config, refreshed.access_token)
  const other = await refused(openid.refreshTokenGrant(config, last, { resource: 'https://other.example/' }, { DPoP }))
  const thief = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
  const stolen = await refused(openid.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP: thief }))
  await openid.tokenRevocation(config, last)
  const inactive = await openid.tokenIntrospection(config, refreshed.access_token)
  const spent = await refused(openid.refreshTokenGrant(config, last, undefined, { DPoP }))
  const out = openid.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: bye,
    state: 'gone',
  })
  return { claims, info, tokens, refreshed, active, inactive, other, stolen, spent, out: await browser(out) }
}

// Once more where the server asks for a nonce (RFC 9449 section 8).
const again = async (ask, read) => {
  for (const attempt of [0, 1]) {
    const answer = await ask()
    try {
      return [await read(answer), answer]
    } catch (error) {
      if (attempt === 1 || !oauth.isDPoPNonceError(error)) throw error
    }
  }
}

const withOauth4webapi = async () => {
  const url = new URL(issuer)
  const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url))
  const [client, authentication] = [metadata, oauth.PrivateKeyJwt(signing)]
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
  const [verifier, state, nonce] = [
    oauth.generateRandomCodeVerifier(),
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
  ]
  const challenge = await oauth.calculatePKCECodeChallenge(verifier)
  const parameters = asked(state, nonce, challenge, as.userinfo_endpoint)
  const [pushed] = await again(
    () => oauth.pushedAuthorizationRequest(as, client, authentication, parameters, { DPoP }),
    (answer) => oauth.processPushedAuthorizationResponse(as, client, answer),
  )
  const short = new URLSearchParams({ client_id: clientId, request_uri: pushed.request_uri })
  const callback = oauth.validateAuthResponse(as, client, await browser(`${as.authorization_endpoint}?${short}`), state)
  const forUserInfo = { DPoP, additionalParameters: { resource: as.userinfo_endpoint } }
  const [tokens, token] = await again(
    () => oauth.authorizationCodeGrantRequest(as, client, authentication, callback, redirectUri, verifier, forUserInfo),
    (answer) =>
      oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: nonce, requireIdToken: true, maxAge: 600 }),
  )
  await oauth.validateApplicationLevelSignature(as, token)
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  const userInfo = (DPoP) =>
    again(
      () => oauth.userInfoRequest(as, client, tokens.access_token, { DPoP }),
      (answer) => oauth.processUserInfoResponse(as, client, claims.sub, answer),
    )
  const [info, told] = await userInfo(DPoP)
  await oauth.validateApplicationLevelSignature(as, told)
  const refresh = (text, additionalParameters) =>
    again(
      () => oauth.refreshTokenGrantRequest(as, client, authentication, text, { DPoP, additionalParameters }),
      (answer) => oauth.processRefreshTokenResponse(as, client, answer),
    )
  const [refreshed] = await refresh(tokens.refresh_token, { resource })
  const last = refreshed.refresh_token ?? tokens.refresh_token
  const introspect = async () => {
    const options = { requestJwtResponse: true }
    const answer = await oauth.introspectionRequest(as, client, authentication, refreshed.access_token, options)
    const read = await oauth.processIntrospectionResponse(as, client, answer)
    await oauth.validateApplicationLevelSignature(as, answer)
    return read
  }
  const active = await introspect()
  const other = await refused(refresh(last, { resource: 'https://other.example/' }))
  const stolen = await refused(userInfo(oauth.DPoP(client, await oauth.generateKeyPair('ES256'))))
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, last))
  const inactive = await introspect()
  const spent = await refused(refresh(last, {}))
  const hint = { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 'gone' }
  const out = await browser(`${as.end_session_endpoint}?${new URLSearchParams(hint)}`)
  return { claims, info, tokens, refreshed, active, inactive, other, stolen, spent, out }
}

const done = await (process.argv[3] === 'oauth4webapi' ? withOauth4webapi() : withOpenidClient())
console.log(JSON.stringify({ done }))
process.exit(0)
