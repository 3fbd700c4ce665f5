package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// terminal runs commands the way a shell does, on a data folder of its own.
type terminal struct {
	t      *testing.T
	folder string
	env    []string
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	folder := t.TempDir()
	return &terminal{t: t, folder: folder, env: []string{"FOLLOWTHROUGH_DATA=" + folder, "HOME=" + folder}}
}

// run returns the exit code, the output and the errors.
func (c *terminal) run(line string, more ...string) (int, string, string) {
	c.t.Helper()
	var out, errs bytes.Buffer
	args := append(append([]string{"followthrough"}, strings.Fields(line)...), more...)
	code := run(c.t.Context(), args, c.env, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// file writes a file and returns its name.
func (c *terminal) file(name, text string) string {
	c.t.Helper()
	path := filepath.Join(c.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// TestCommandLine walks through the commands in the order of a first day: each
// has the exit code of interface.md and says what it should.
func TestCommandLine(t *testing.T) {
	c := newTerminal(t)
	incidents := c.file("incidents.csv", "incident_id,title,severity,started\nX-1,Search was slow,SEV3,2026-01-05T09:00:00Z\n")
	values := c.file("values.csv", "measure,at,value\nM-1,2026-03-03,4\nM-1,2026-03-04,3.5\n")
	strangers := c.file("strangers.csv", "measure,at,value\nM-1,2026-03-05,9\nM-99,2026-03-03,4\n")
	bad := c.file("bad.csv", "incident_id,title,severity,started\n,Search was slow,SEV3,2026-01-05T09:00:00Z\n")
	chatLog := c.file("chat.log", "[10:05] Ana: the database is down\n")
	holidays := c.file("holidays.txt", "# Easter\n2026-04-03\n2026-04-06 # Monday\n")
	wrongDay := c.file("wrong.txt", "2026-04-31\n")
	token := c.file("token.txt", "ghp_0123456789abcdef0123456789abcdef0123")
	steps := []struct {
		line string
		more []string
		code int
		says string // in the output, or among the errors when the code is not 0
	}{
		{line: "version", says: "followthrough "},
		{line: "migrate status", code: exitFinding, says: "missing"},
		{line: "migrate up", says: "applied"},
		{line: "migrate status", says: "applied"},
		{line: "team add --name Storage", says: "t_storage"},
		{line: "service set --since 2025-02-01 --team t_nowhere search", code: exitFinding, says: "t_nowhere"},
		{line: "service set --since 2025-02-30 search", code: exitFinding, says: "2025-02-30"},
		{line: "service set --since 2025-02-01", code: exitUsage, says: "the service's name"},
		{line: "service set --since 2025-02-01 search", says: "search set"},
		{line: "service set --retired 2025-01-31 Search", code: exitFinding, says: "lies before the first day in service, 2025-02-01"},
		{line: "service set --retired 2126-01-31 SEARCH", says: "search set"},
		{line: "service list --csv", says: "search,2025-02-01,2126-01-31,"},
		{line: "service list --unlisted", says: "incidents"},
		{line: "service list search", code: exitUsage, says: "takes no arguments"},
		{line: "stats on-time --every quarter --due-from 2026-01-01 --csv", says: "on-time,whole.original,A4"},
		{line: "stats on-time --every week", code: exitUsage, says: "use one of month, quarter, year"},
		{line: "stats on-time --due-to 2026-02-30", code: exitUsage, says: "2026-02-30"},
		{line: "service remove Search", says: "search removed"},
		{line: "service remove search", code: exitFinding, says: "search is not in the catalogue"},
		{line: "person add --role member", more: []string{"--name", "Ana Roth"}, says: "p_ana-roth"},
		{line: "incident add --severity SEV2 --started 2026-03-01T10:00:00Z", more: []string{"--title", "Database down"}, says: "INC-1"},
		{line: "incident add --severity SEV9", more: []string{"--title", "x"}, code: exitFinding, says: "use one of SEV1, SEV2, SEV3, SEV4, SEV5"},
		{line: "incident list", says: "Database down"},
		{line: "incident list --json", says: `"Database down"`},
		{line: "incident list --csv", says: "INC-1,"},
		{line: "incident show INC-1", says: "Database down"},
		{line: "incident show INC-9", code: exitFinding, says: "INC-9"},
		{line: "incident suggestions INC-1", says: "earlier"},
		{line: "incident suggestions", says: "incident"},
		{line: "incident suggestions --rejected", code: exitUsage, says: "needs the incident's key"},
		{line: "incident recurrence reject INC-1 INC-9 --reason x", code: exitFinding, says: "INC-9"},
		{line: "incident recurrence reject INC-1", code: exitUsage, says: "two arguments"},
		{line: "assessment due", says: "period"},
		{line: "assessment list", says: "answer"},
		{line: "assessment candidates 2026-Q4", says: "cause"},
		{line: "assessment candidates autumn", code: exitFinding, says: "write a quarter as 2026-Q4"},
		{line: "assessment record --answer found 2026-Q1", code: exitFinding, says: "say what recurred"},
		{line: "assessment record --answer none_found 2026-Q1", says: "2026-Q1: none_found, with 0 groups"},
		{line: "assessment list --csv", says: "2026-Q1,none_found"},
		{line: "measure add --incident INC-1 --kind detect --priority P1", more: []string{"--title", "Alert on lag"}, says: "M-1"},
		{line: "measure add --incident INC-1 --due-on 2026-02-30", more: []string{"--title", "x"}, code: exitFinding, says: "2026-02-30"},
		{line: "measure edit --priority P0 M-1", says: "M-1"},
		{line: "measure edit --due-on 2027-01-01 M-1", code: exitFinding, says: "reason"},
		{line: "measure list --priority P0", says: "Alert on lag"},
		{line: "measure list --effectiveness-due --csv", says: "key,"},
		{line: "measure list --json", says: `"M-1"`},
		{line: "measure show M-1", says: "Alert on lag"},
		{line: "measure snooze --until 2126-12-08 M-1", more: nil, code: exitUsage, says: "reason"},
		{line: "measure snooze --until 2126-12-08 --reason x M-1", code: exitFinding, says: "within the next 90 days"},
		{line: "measure unsnooze M-1", says: "go out again"},
		{line: "person notices p_nobody", code: exitFinding, says: "p_nobody"},
		{line: "remind --dry-run", says: "0 letters would go out; nothing was sent"},
		{line: "remind", code: exitFinding, says: "no mail server and no chat is configured"},
		{line: "remind --date 2026-12-01", code: exitUsage, says: "--dry-run"},
		{line: "remind nonsense", code: exitUsage, says: "nonsense"},
		{line: "remind list", says: "period"},
		{line: "remind retry n_nothing", code: exitFinding, says: "not known"},
		{line: "measure observe --value 4.5 --at 2026-03-02T10:00:00Z M-1", says: "4.5 observed for M-1"},
		{line: "measure observe --file " + values + " --dry-run", says: "2 values would be observed; nothing was written"},
		{line: "measure observe --file " + values, says: "2 values observed"},
		{line: "measure observe --file " + strangers, code: exitFinding, says: "M-99"},
		{line: "measure observe --file " + values + " M-1", code: exitUsage, says: "leave KEY and --value out"},
		{line: "measure observe M-1", code: exitUsage, says: "--value NUMBER"},
		{line: "measure observe --value 4.5 --at yesterday M-1", code: exitUsage, says: "yesterday"},
		{line: "measure effect M-1", says: "M-1 is not measured: it needs a success metric with a target, and to be done"},
		{line: "measure effect M-1 --json", says: `"verify_due": false`},
		{line: "measure effect M-99", code: exitFinding, says: "M-99"},
		{line: "measure probe M-1", code: exitFinding, says: "probe of measure"},
		{line: "measure probe --kind prometheus --url http://127.0.0.1:9 --query up M-1", code: exitFinding, says: "FOLLOWTHROUGH_PROBE_HOSTS"},
		{line: "measure add --succeeds M-1", more: []string{"--title", "x"}, code: exitFinding, says: "M-1 is proposed; a successor follows on"},
		{line: "measure link --tracker nowhere M-1", code: exitFinding, says: "nowhere"},
		{line: "tracker add acme --repository acme/platform --base-url https://evil.example --credential-file " + token, code: exitFinding, says: "evil.example"},
		{line: "tracker list", says: ""},
		{line: "tracker status nowhere", code: exitFinding, says: "nowhere"},
		{line: "measure resume M-1 --tracker nowhere", code: exitFinding, says: "has no link with tracker nowhere"},
		{line: "tracker check nowhere", code: exitFinding, says: "nowhere"},
		{line: "sync", code: exitFinding, says: "there is no tracker yet"},
		{line: "sync nowhere --dry-run", code: exitFinding, says: "nowhere"},
		{line: "drift nowhere", code: exitFinding, says: "nowhere"},
		{line: "conflict list", says: ""},
		{line: "work list", says: "key"},
		{line: "check catalogue --lang de", says: "Gibt es einen schriftlichen Plan"},
		{line: "check start", says: "CHK-1 begun"},
		{line: "check start", code: exitFinding, says: "CHK-1 is begun already"},
		{line: "check start --team t_nowhere", code: exitFinding, says: "t_nowhere"},
		{line: "check answer CHK-1 backups.restore=3", code: exitFinding, says: "without evidence"},
		{line: "check answer CHK-1 backups.restore", code: exitUsage, says: "QUESTION=STEP"},
		{line: "check answer CHK-1 backups.restore=1 plans.order=0", says: "CHK-1 has 2 answers"},
		{line: "check show --csv CHK-1", says: "backups.restore,1,,"},
		{line: "check finish CHK-1", code: exitFinding, says: "22 questions have no answer yet"},
		{line: "check answer CHK-1 " + everyQuestion(t, "1"), says: "CHK-1 has 24 answers"},
		{line: "check finish CHK-1", says: "the next check is due on"},
		{line: "check show CHK-1", says: "Backups and recovery"},
		{line: "check show --csv CHK-1", says: "all,33,33,,67,0,24"},
		{line: "check measure CHK-1 backups.restore", says: "M-2 added: Restore one important system"},
		{line: "check measure CHK-1 backups.restore", code: exitFinding, says: "M-2 is on its way"},
		{line: "check measure CHK-1", code: exitUsage, says: "a question"},
		{line: "check start", says: "CHK-2 begun"},
		{line: "check discard CHK-2", says: "CHK-2 discarded"},
		{line: "check list", says: "discarded"},
		{line: "import --dry-run " + incidents, says: "1 incidents and 0 measures would be imported; nothing was written"},
		{line: "import " + incidents, says: "1 incidents and 0 measures imported"},
		{line: "import " + incidents, says: "1 rows were there already"},
		{line: "import " + bad, code: exitFinding, says: "bad.csv line 2"},
		{line: "import", code: exitUsage, says: "name at least one file"},
		{line: "review list --missing", says: "Database down"},
		{line: "review list --year 20", code: exitFinding, says: "20 is not a year"},
		{line: "review add INC-1 --section cause", more: []string{"--text", "The disk was full."}, says: "e_"},
		{line: "review add INC-1 --section role --kind scribe --person Vendor", says: "e_"},
		{line: "review add INC-1 --section role --person-id p_nobody", code: exitFinding, says: `"p_nobody" is not known`},
		{line: "review add INC-1", more: []string{"--text", "x"}, code: exitFinding, says: "a fact of the timeline has a time"},
		{line: "review chat INC-1 " + chatLog + " --dry-run", says: "1 messages would be imported; nothing was written"},
		{line: "review chat INC-1 " + chatLog, says: "1 messages imported, 0 were there already"},
		{line: "review chat INC-1 " + chatLog, says: "0 messages imported, 1 were there already"},
		{line: "review chat INC-1 " + c.folder, code: exitUsage, says: "is not a file"},
		{line: "review chat INC-1", code: exitUsage, says: "at least one file"},
		{line: "review state INC-1 published", code: exitFinding, says: "draft cannot become published"},
		{line: "review state INC-1 in_review", says: "the review of INC-1 is in_review"},
		{line: "review state INC-1", code: exitUsage, says: "two arguments"},
		{line: "review show INC-1", says: "The disk was full."},
		{line: "review list --q disk --json", says: "INC-1"},
		{line: "review document INC-1", code: exitFinding, says: "was never published"},
		{line: "review document INC-1 --draft", says: "# Review of INC-1"},
		{line: "review document INC-1 --draft --format html --language de", says: "<html lang=\"de\">"},
		{line: "review document INC-1 --version 3", code: exitFinding, says: "does not exist"},
		{line: "review document INC-1 --format pdf", code: exitUsage, says: "use md or html"},
		{line: "review versions INC-1", says: "published"},
		{line: "review compare INC-1 1", code: exitUsage, says: "two versions"},
		{line: "review compare INC-1 1 zero", code: exitUsage, says: "a number from 1"},
		{line: "review compare INC-1 1 2", code: exitFinding, says: "does not exist"},
		{line: "export --format csv", says: "M-1,INC-1,Alert on lag"},
		{line: "export --what history", says: `"M-1"`},
		{line: "export --format xml", code: exitUsage, says: "xml"},
		{line: "stats --incident INC-1", says: "INC-1"},
		{line: "stats incidents --csv", says: "INC-1,1,0,0,0,1"},
		{line: "stats overdue --json", says: `"statistic":"overdue"`},
		{line: "stats effectiveness --csv", says: "verification_debt"},
		{line: "stats compare --by priority --endpoint done --json", says: `"statistic":"compare"`},
		{line: "stats compare --by person", code: exitUsage, says: "use one of kind, priority, team"},
		{line: "stats overdue --policy 9", code: exitFinding, says: "the newest one is 1"},
		{line: "stats overdue --priority P9", code: exitUsage, says: `"P9" is not accepted`},
		{line: "stats overdue --severity SEV2 --service api --from 2026-01-01 --to 2026-12-31 --json", says: `"severity":["SEV2"]`},
		{line: "stats overdue --as-of tomorrow", code: exitUsage, says: "--as-of"},
		{line: "stats nonsense", code: exitUsage, says: `"nonsense" is not a statistic`},
		{line: "token create --name ci --role viewer --expires 30d", says: "ft_"},
		{line: "token create --name ci --role boss", code: exitFinding, says: "use one of viewer, member, admin, auditor"},
		{line: "token list", says: "ci"},
		{line: "measure add --incident INC-1", more: []string{"--title", "Alert on lag, again"}, says: "M-3"},
		{line: "measure close --as duplicate M-3", code: exitFinding, says: "duplicate_of: is empty; name the measure that goes on"},
		{line: "measure close --duplicate-of M-3 M-3", code: exitFinding, says: "is the measure itself"},
		{line: "measure close --duplicate-of M-1 M-3", says: "cancelled"},
		{line: "measure edit --duplicate-of M-77 M-3", code: exitFinding, says: "there is no measure"},
		{line: "measure close --as risk_accepted --risk-accepted-until soon M-3", code: exitFinding, says: "YYYY-MM-DD"},
		{line: "measure show M-3", says: "duplicate of: M-1"},
		{line: "policy show", says: "sla_days"},
		{line: "policy show --version 1 --json", says: `"sla_days"`},
		{line: "policy show --version 99", code: exitFinding, says: "99"},
		{line: "policy set", code: exitUsage, says: "nothing to change"},
		{line: "policy set --working-days P0,P1 --weekend friday,saturday --holidays " + holidays + " --calendar-zone Europe/Berlin --sla-days P0=5,P3= --due-grace-hours 2 --reason x", says: "2026-04-03 2026-04-06"},
		{line: "policy show", says: "friday saturday"},
		{line: "policy show --csv", says: "working_days,P0 P1"},
		{line: "policy set --working-days none", says: "version"},
		{line: "policy show --csv", says: "working_days,\nweekend"},
		{line: "policy set --links-since 2026-01-32", code: exitFinding, says: "2026-01-32"},
		{line: "policy set --links-since 2026-01-31", says: "2026-01-31"},
		{line: "policy set --working-days P9", code: exitFinding, says: `"P9" is not accepted`},
		{line: "policy set --weekend moonday", code: exitUsage, says: "moonday"},
		{line: "policy set --sla-days seven", code: exitUsage, says: "write P0=7"},
		{line: "policy set --holidays " + wrongDay, code: exitFinding, says: "line 1"},
		{line: "policy set --holidays " + c.folder + "/missing", code: exitUsage, says: "missing"},
		{line: "policy set --calendar-zone Mars/Base", code: exitFinding, says: "not a time zone"},
		{line: "policy set --due-grace-hours 999", code: exitFinding, says: "use 0 to 168"},
		{line: "doctor --offline", says: "ok    schema"},
		{line: "backup " + filepath.Join(c.folder, "backup.db"), says: "written and verified"},
		{line: "backup " + filepath.Join(c.folder, "backup.db"), code: exitFinding, says: "exists already"},
		{line: "incident add --severity SEV2", more: []string{"--title", "After the backup"}, says: "INC-3"},
		{line: "restore " + filepath.Join(c.folder, "backup.db"), says: "verified and restored"},
		{line: "incident show INC-3", code: exitFinding, says: "INC-3"},
		{line: "restore " + bad, code: exitFinding, says: "bad.csv"},
		{line: "nonsense", code: exitUsage, says: `"nonsense" is not a command`},
		{line: "incident nonsense", code: exitUsage, says: "nonsense"},
		{line: "version --nonsense", code: exitUsage, says: "nonsense"},
		{line: "incident list --listen 0.0.0.0:80", code: exitUsage, says: "--behind-proxy"},
		{line: "incident list --smtp-url smtp://u:hunter2@mail.example.org", code: exitUsage, says: "mail-from is empty"},
		{line: "incident list --smtp-url http://u:hunter2@mail.example.org --mail-from a@example.org", code: exitUsage, says: "smtp-url"},
		{line: "incident list --chat-urls pigeon://hunter2@loft", code: exitUsage, says: "chat 1"},
		{line: "incident list --zone Nowhere/Town", code: exitUsage, says: "IANA"},
	}
	for _, step := range steps {
		code, out, errs := c.run(step.line, step.more...)
		text := out
		if step.code != exitFine {
			text = out + errs
		}
		if strings.Contains(out+errs, "hunter2") {
			t.Errorf("followthrough %s prints the secret:\n%s%s", step.line, out, errs)
		}
		if code != step.code || !strings.Contains(text, step.says) {
			t.Errorf("followthrough %s %q\nexit %d, want %d; want %q in\n%s%s", step.line, step.more, code, step.code, step.says, out, errs)
		}
	}
	c.env = append(c.env, "FOLLOWTHROUGH_POLL_INTERVALL=5s")
	if code, _, errs := c.run("incident list"); code != exitUsage || !strings.Contains(errs, "$FOLLOWTHROUGH_POLL_INTERVALL is not a setting") {
		t.Errorf("a misspelt setting: exit %d, %s", code, errs)
	}
}

// TestRecurrencesOnTheCommandLine: a suggestion is shown with its reason,
// rejected, taken up again and accepted.
func TestRecurrencesOnTheCommandLine(t *testing.T) {
	c := newTerminal(t)
	for _, step := range []struct{ line, title, says string }{
		{"migrate up", "", "applied"},
		{"incident add --service db --cause capacity --started 2026-01-05T10:00:00Z --resolved 2026-01-06T10:00:00Z", "Disk full", "INC-1"},
		{"incident add --started 2026-02-05T10:00:00Z --resolved 2026-02-06T10:00:00Z", "Replica disk full overnight", "INC-2"},
		{"incident add --service db --cause capacity --started 2026-03-05T10:00:00Z", "Disk full overnight", "INC-3"},
		{"incident suggestions INC-3", "", "same cause and service: capacity, db"},
		{"incident suggestions INC-3", "", "100 % of the telling words: disk, full, overnight"},
		{"incident suggestions INC-3 --json", "", `"level": "cause_and_service"`},
		{"incident recurrence reject INC-3 INC-1 --reason other", "", "does not recur from INC-1"},
		{"incident suggestions INC-3 --rejected", "", "other"},
		{"incident recurrence reconsider INC-3 INC-1", "", "may recur from INC-1 again"},
		{"incident recurrence accept INC-3 INC-1", "", "INC-3 recurs from INC-1"},
		{"incident show INC-3 --json", "", `"recurrence_of": "INC-1"`},
	} {
		more := []string{}
		if step.title != "" {
			more = []string{"--title", step.title}
		}
		if code, out, errs := c.run(step.line, more...); code != exitFine || !strings.Contains(out, step.says) {
			t.Errorf("followthrough %s: exit %d, want %q in\n%s%s", step.line, code, step.says, out, errs)
		}
	}
}

// TestHelp: every command explains itself and its flags have no doubles.
func TestHelp(t *testing.T) {
	c := newTerminal(t)
	env := &environmentOf{}
	for _, command := range env.commands() {
		lines := []string{command.Name}
		for _, sub := range command.Commands {
			lines = append(lines, command.Name+" "+sub.Name)
		}
		for _, line := range lines {
			if code, out, errs := c.run(line + " --help"); code != exitFine || !strings.Contains(out, "USAGE") {
				t.Errorf("followthrough %s --help: exit %d\n%s%s", line, code, out, errs)
			}
		}
	}
}

// everyQuestion answers all questions of the crisis check with one step.
func everyQuestion(t *testing.T, step string) string {
	t.Helper()
	catalogue, err := domain.CatalogueVersion(0)
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, q := range catalogue.Questions() {
		args = append(args, string(q.ID)+"="+step)
	}
	return strings.Join(args, " ")
}
