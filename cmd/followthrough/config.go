package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/notify"
)

// Config is everything the program can be told from outside. Flag beats
// environment beats file.
type Config struct {
	DatabaseURL   string
	DataDir       string
	Listen        string
	MetricsListen string
	PublicURL     string
	TrackerHosts  domain.HostList
	ProbeHosts    domain.HostList
	SecretKeyFile string
	PollInterval  time.Duration
	Zone          *time.Location
	Language      string
	LogLevel      slog.Level
	TLSCert       string
	TLSKey        string
	BehindProxy   []netip.Prefix
	Migrate       bool
	// SMTPURL and ChatURLs hold secrets; Mail and Chats are what was read from
	// them, nil and empty where nothing is configured.
	SMTPURL  string
	MailFrom string
	ChatURLs []string
	Mail     *notify.Mail
	Chats    notify.Chats
	// CheckpointFile keeps the last signed head of the evidence log.
	CheckpointFile string
	// Witness is the issue that the head is posted into once a day.
	Witness app.WitnessIssue
}

// setting is one key of the configuration: its flag, its environment variable
// FOLLOWTHROUGH_X and its key in followthrough.yaml.
type setting struct {
	flag     string
	standard string
	usage    string
	set      func(*Config, string) error
}

func (s setting) env() string { return "FOLLOWTHROUGH_" + strings.ToUpper(s.key()) }
func (s setting) key() string { return strings.ReplaceAll(s.flag, "-", "_") }

func settings() []setting {
	return []setting{
		{"database-url", "sqlite://followthrough.db", "database: sqlite://FILE in the data folder, or postgres://user:pass@host/db",
			func(c *Config, v string) error { c.DatabaseURL = v; return nil }},
		{"data", "", "folder of the SQLite file, keys and backups (default: the XDG data folder)",
			func(c *Config, v string) error { c.DataDir = v; return nil }},
		{"listen", "127.0.0.1:8080", "address of the service",
			func(c *Config, v string) error { c.Listen = v; return nil }},
		{"metrics-listen", "", "address of /metrics for Prometheus; empty switches it off",
			func(c *Config, v string) error { c.MetricsListen = v; return nil }},
		{"public-url", "", "address that people use; it is written into trackers and mails (default: http://LISTEN)",
			func(c *Config, v string) error { c.PublicURL = strings.TrimRight(v, "/"); return nil }},
		{"tracker-hosts", "api.github.com,*.atlassian.net", "hosts that trackers may point to",
			func(c *Config, v string) error { c.TrackerHosts = splitList(v); return nil }},
		{"probe-hosts", "", "hosts that success metrics may be read from; empty allows none",
			func(c *Config, v string) error { c.ProbeHosts = splitList(v); return nil }},
		{"secret-key-file", "", "file of the key that encrypts tracker credentials (default: secret.key in the data folder)",
			func(c *Config, v string) error { c.SecretKeyFile = v; return nil }},
		{"poll-interval", "60s", "time between two polls of a tracker", setPollInterval},
		{"zone", "UTC", "the organisation's time zone, for example Europe/Berlin", setZone},
		{"language", "en", "the organisation's language: en or de", setLanguage},
		{"smtp-url", "", "mail server of reminders: smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://…:465; empty sends no mail",
			func(c *Config, v string) error { c.SMTPURL = v; return nil }},
		{"mail-from", "", "sender of reminders, for example Followthrough <noreply@example.org>",
			func(c *Config, v string) error { c.MailFrom = v; return nil }},
		{"chat-urls", "", "chats of reminders, TEAM=URL with commas between them: slack://…, teams://…, mattermost://… (shoutrrr); *=URL hears of every team",
			func(c *Config, v string) error { c.ChatURLs = splitURLs(v); return nil }},
		{"log", "info", "log level: debug, info, warn or error",
			func(c *Config, v string) error { return c.LogLevel.UnmarshalText([]byte(v)) }},
		{"tls-cert", "", "certificate file for TLS",
			func(c *Config, v string) error { c.TLSCert = v; return nil }},
		{"tls-key", "", "key file for TLS",
			func(c *Config, v string) error { c.TLSKey = v; return nil }},
		{"behind-proxy", "", "networks of the reverse proxy whose forwarded headers are believed, for example 10.0.0.0/24", setProxy},
		{"checkpoint-file", "", "file that keeps the last signed head of the evidence log outside the database (default: checkpoint.txt in the data folder)",
			func(c *Config, v string) error { c.CheckpointFile = v; return nil }},
		{"witness-issue", "", "issue that the head of the evidence log is posted into once a day: TRACKER#ISSUE",
			func(c *Config, v string) (err error) { c.Witness, err = app.ParseWitnessIssue(v); return err }},
		{"migrate", "true", "apply migrations at start; false refuses to start on an old schema",
			func(c *Config, v string) error { c.Migrate = v != "false"; return nil }},
	}
}

func setPollInterval(c *Config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Second || d > 24*time.Hour {
		return errors.New("use a time between 1s and 24h, for example 60s")
	}
	c.PollInterval = d
	return nil
}

func setZone(c *Config, v string) error {
	zone, err := time.LoadLocation(v)
	if err != nil || v == "" || v == "Local" {
		return errors.New("use a zone of the IANA list, for example Europe/Berlin")
	}
	c.Zone = zone
	return nil
}

func setLanguage(c *Config, v string) error {
	if v != "en" && v != "de" {
		return errors.New("use en or de")
	}
	c.Language = v
	return nil
}

func setProxy(c *Config, v string) error {
	c.BehindProxy = nil
	for _, text := range splitList(v) {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("%q is not a network; write 10.0.0.0/24", text)
		}
		if prefix.Bits() == 0 {
			return fmt.Errorf("%s trusts everybody; name the proxy's own network", text)
		}
		c.BehindProxy = append(c.BehindProxy, prefix)
	}
	return nil
}

func splitList(v string) []string {
	var out []string
	for part := range strings.SplitSeq(v, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// splitURLs splits at commas in front of an address; others belong to one.
func splitURLs(v string) []string {
	var out []string
	for _, part := range splitList(v) {
		if n := len(out); n > 0 && !strings.Contains(part, "://") {
			out[n-1] += "," + part
			continue
		}
		out = append(out, part)
	}
	return out
}

// configFlags are the flags of every command that opens the store.
func configFlags() []cli.Flag {
	flags := []cli.Flag{&cli.StringFlag{Name: "config", Usage: "configuration file (default: followthrough.yaml when it exists)", Sources: cli.EnvVars("FOLLOWTHROUGH_CONFIG")}}
	for _, s := range settings() {
		usage := s.usage + " [$" + s.env() + "]"
		if s.standard != "" {
			usage += " (default: " + s.standard + ")"
		}
		flags = append(flags, &cli.StringFlag{Name: s.flag, Usage: usage})
	}
	return flags
}

// loadConfig reads flags, environment and file. Every mistake is named at once.
func loadConfig(cmd *cli.Command, environ []string) (Config, error) {
	env, err := environment(environ)
	if err != nil {
		return Config{}, err
	}
	file, name, err := configFile(cmd.String("config"))
	if err != nil {
		return Config{}, err
	}
	var c Config
	var bad []error
	for _, s := range settings() {
		value, where := s.standard, "the default"
		if v, ok := file[s.key()]; ok {
			value, where = v, name+", key "+s.key()
		}
		if v, ok := env[s.env()]; ok {
			value, where = v, "$"+s.env()
		}
		if cmd.IsSet(s.flag) {
			value, where = cmd.String(s.flag), "--"+s.flag
		}
		if err := s.set(&c, value); err != nil {
			bad = append(bad, fmt.Errorf("%s: %q is not accepted: %w", where, value, err))
		}
	}
	if len(bad) > 0 {
		return c, errors.Join(bad...)
	}
	return c, c.complete()
}

// environment picks our variables and refuses unknown ones: a misspelt setting
// must not be silently without effect.
func environment(environ []string) (map[string]string, error) {
	known := map[string]bool{"FOLLOWTHROUGH_CONFIG": true, "FOLLOWTHROUGH_TOKEN": true}
	for _, s := range settings() {
		known[s.env()] = true
	}
	out := map[string]string{}
	var bad []error
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "FOLLOWTHROUGH_") || strings.HasPrefix(name, "FOLLOWTHROUGH_TEST_") || strings.HasPrefix(name, "FOLLOWTHROUGH_REQUIRE_") || name == "FOLLOWTHROUGH_SHARED" || name == "FOLLOWTHROUGH_SEEDS" {
			continue
		}
		if !known[name] {
			bad = append(bad, fmt.Errorf("$%s is not a setting; see followthrough serve --help", name))
		}
		out[name] = value
	}
	return out, errors.Join(bad...)
}

func configFile(name string) (map[string]string, string, error) {
	asked := name != ""
	if !asked {
		name = "followthrough.yaml"
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return nil, name, nil
	}
	if err != nil {
		return nil, name, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	values := map[string]any{}
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&values); err != nil {
		return nil, name, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	out := map[string]string{}
	known := map[string]bool{}
	for _, s := range settings() {
		known[s.key()] = true
	}
	for key, value := range values {
		if !known[key] {
			return nil, name, fmt.Errorf("%s: %q is not a setting; see followthrough serve --help", name, key)
		}
		if list, ok := value.([]any); ok {
			parts := make([]string, len(list))
			for i, v := range list {
				parts[i] = fmt.Sprint(v)
			}
			value = strings.Join(parts, ",")
		}
		out[key] = fmt.Sprint(value)
	}
	return out, name, nil
}

// complete fills in what depends on other settings and refuses combinations
// that would expose the service.
func (c *Config) complete() error {
	if c.DataDir == "" {
		base := os.Getenv("XDG_DATA_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return fmt.Errorf("no data folder: set FOLLOWTHROUGH_DATA: %w", err)
			}
			base = filepath.Join(home, ".local", "share")
		}
		c.DataDir = filepath.Join(base, "followthrough")
	}
	if c.SecretKeyFile == "" {
		c.SecretKeyFile = filepath.Join(c.DataDir, "secret.key")
	}
	if c.CheckpointFile == "" {
		c.CheckpointFile = filepath.Join(c.DataDir, "checkpoint.txt")
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %q is not an address; write 127.0.0.1:8080", c.Listen)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("tls-cert and tls-key go together; give both")
	}
	if !isLoopback(host) && c.TLSCert == "" && len(c.BehindProxy) == 0 {
		return fmt.Errorf("listen: %s is reachable from outside; give --tls-cert and --tls-key, or --behind-proxy=NETWORK of your reverse proxy", c.Listen)
	}
	if c.PublicURL == "" {
		scheme := "http://"
		if c.TLSCert != "" {
			scheme = "https://"
		}
		c.PublicURL = scheme + c.Listen
	}
	return c.completeWays()
}

// completeWays reads how letters go out. The messages never repeat an address.
func (c *Config) completeWays() error {
	var err error
	if c.SMTPURL != "" {
		if c.MailFrom == "" {
			return errors.New("mail-from is empty; give the sender of reminders, for example Followthrough <noreply@example.org>")
		}
		if c.Mail, err = notify.NewMail(c.SMTPURL, c.MailFrom); err != nil {
			return fmt.Errorf("smtp-url and mail-from: %w", err)
		}
	}
	if c.Chats, err = notify.NewChats(c.ChatURLs); err != nil {
		return fmt.Errorf("chat-urls: %w", err)
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
