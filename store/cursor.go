package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/followthrough/followthrough/domain"
)

// cursorKey signs cursors, so that a cursor cannot be made up, nor taken from
// one query into another.
type cursorKey [32]byte

const cursorMAC = 12

// encode makes an opaque cursor of the sort values of the last row. query
// names the list, its filter and its order.
func (k cursorKey) encode(query string, values []any) string {
	body, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(k.mac(query, body), body...))
}

// decode reads the sort values back; whole numbers come as int64.
func (k cursorKey) decode(query, cursor string, n int) ([]any, error) {
	bad := domain.Invalid("cursor", "does not belong to this list; begin again without it")
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < cursorMAC || !hmac.Equal(raw[:cursorMAC], k.mac(query, raw[cursorMAC:])) {
		return nil, bad
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(raw[cursorMAC:], &parts); err != nil || len(parts) != n {
		return nil, bad
	}
	values := make([]any, n)
	for i, part := range parts {
		var number int64
		var text string
		switch {
		case json.Unmarshal(part, &number) == nil:
			values[i] = number
		case json.Unmarshal(part, &text) == nil:
			values[i] = text
		default:
			return nil, bad
		}
	}
	return values, nil
}

func (k cursorKey) mac(query string, body []byte) []byte {
	h := hmac.New(sha256.New, k[:])
	_, _ = fmt.Fprintf(h, "%d:%s", len(query), query)
	_, _ = h.Write(body)
	return h.Sum(nil)[:cursorMAC]
}
