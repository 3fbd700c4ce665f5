package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// sealer encrypts single columns with AES-256-GCM. The place of the value
// (table, row, column) is authenticated with it: a ciphertext that was moved
// to another row or column does not open.
type sealer struct {
	aead cipher.AEAD
	id   string // of the key, in front of each ciphertext
}

const sealVersion = "v1"

func newSealer(key []byte) (sealer, error) {
	if len(key) == 0 {
		return sealer{}, nil
	}
	if len(key) != 32 {
		return sealer{}, fmt.Errorf("the secret key has %d bytes and needs 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, err
	}
	sum := sha256.Sum256(append([]byte("followthrough key id\x00"), key...))
	return sealer{aead: aead, id: hex.EncodeToString(sum[:4])}, nil
}

// place names where a sealed value is stored. The parts are length-prefixed,
// so that no two places share a text.
func place(table, row, column string) []byte {
	return fmt.Appendf(nil, "%d:%s%d:%s%d:%s", len(table), table, len(row), row, len(column), column)
}

func (s sealer) seal(text string, place []byte) (string, error) {
	if text == "" {
		return "", nil
	}
	if s.aead == nil {
		return "", errors.New("no secret key is set, so credentials cannot be stored; set FOLLOWTHROUGH_SECRET_KEY_FILE")
	}
	sealed := s.aead.Seal(nil, nil, []byte(text), place)
	return sealVersion + "." + s.id + "." + base64.RawStdEncoding.EncodeToString(sealed), nil
}

func (s sealer) open(sealed string, place []byte) (string, error) {
	if sealed == "" {
		return "", nil
	}
	parts := strings.SplitN(sealed, ".", 3)
	if len(parts) != 3 || parts[0] != sealVersion {
		return "", errors.New("a stored secret is damaged; enter the credential again")
	}
	if s.aead == nil || parts[1] != s.id {
		return "", fmt.Errorf("a stored secret was encrypted with the key %s and the program has %q; bring back the key file or enter the credential again", parts[1], s.id)
	}
	raw, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return "", fmt.Errorf("a stored secret is damaged; enter the credential again: %w", err)
	}
	text, err := s.aead.Open(nil, nil, raw, place)
	if err != nil {
		return "", fmt.Errorf("a stored secret does not belong to this place or was changed; enter the credential again: %w", err)
	}
	return string(text), nil
}
