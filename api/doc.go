// Package api is the HTTP face of Followthrough: /api/v1, the description of
// it in OpenAPI 3.1, the webhook intake and the health checks.
//
// Every handler decodes, calls one operation of app and encodes. Routes are a
// table (see routes.go): the same row serves the request, documents it and is
// what the tests walk. Echo routes; Huma turns the Go types of a row into the
// OpenAPI document. Bodies are read by our own strict decoder, because
// encoding/json accepts unknown, doubled and differently written members, and
// errors have one shape, RFC 9457, with nothing internal in it.
package api
