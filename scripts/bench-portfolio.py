#!/usr/bin/env python3
"""Measures the built program with a large portfolio on SQLite.

    scripts/bench-portfolio.py PROGRAM [MEASURES]

The program imports 100,000 incidents and 100,000 measures; SQL makes 1,000,000
measures of them (1,000 and 10,000 for a quick run), with three history rows
each. Then it prints one line per figure: first fold, dump, start from the dump,
dashboard, an edit in live numbers, export. KEEP names a folder that is made
once and used again.
"""
import csv, datetime, json, os, random, re, shutil, signal, sqlite3, subprocess, sys, tempfile, threading, time, urllib.error, urllib.parse, urllib.request

program, measures = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
incidents, base = max(1, measures // 10), max(1, measures // 10)
folder = os.environ.get("KEEP") or tempfile.mkdtemp(prefix="followthrough-bench.")
database = os.path.join(folder, "followthrough.db")
address = "127.0.0.1:18081"
environment = dict(os.environ, FOLLOWTHROUGH_DATA=folder, FOLLOWTHROUGH_LISTEN=address, FOLLOWTHROUGH_LOG="error")


def say(what, figure):
    print(f"{what}: {figure}", flush=True)


def run(*arguments):
    return subprocess.run([program, *arguments], env=environment, check=True, capture_output=True, text=True).stdout


def stamp(t):
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def write(name, head, rows):
    with open(os.path.join(folder, name), "w", newline="") as f:
        csv.writer(f).writerows([head, *rows])
    return os.path.join(folder, name)


def make():
    """100,000 incidents and measures, by the program itself."""
    random.seed(20260101)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    day = datetime.timedelta(days=1)
    starts = [now - random.uniform(0.1, 3 * 365) * day for _ in range(incidents)]
    first = write("incidents.csv", ["incident_id", "title", "severity", "started_at", "resolved_at", "services", "causes", "created_at"], (
        [f"X-{n}", f"Incident {n}", f"SEV{1 + n % 5}", stamp(start), stamp(min(now, start + random.uniform(0.01, 0.3) * day)),
         f"service-{random.randrange(max(1, measures // 500))}", f"cause-{random.randrange(20)}", stamp(start)] for n, start in enumerate(starts)))

    def measure(n):
        incident = random.randrange(incidents)
        created = starts[incident] + (now - starts[incident]) * random.random() / 4
        end = created + 45 * random.lognormvariate(0, 1.2) * day
        state = "accepted" if end > now else "cancelled" if n % 5 == 0 else "done"
        return [f"A-{n}", f"X-{incident}", f"Measure {n} against a cause", ("prevent", "detect", "mitigate", "repair", "process")[n % 5], f"P{n % 5}", state,
                "wont_do" if state == "cancelled" else "", created.date() + random.randrange(7, 87) * day, stamp(created),
                stamp(end) if state == "done" else "", stamp(end) if state == "cancelled" else "", "not worth it" if state == "cancelled" else ""]

    second = write("measures.csv", ["action_id", "incident_id", "title", "kind", "priority", "status", "closure_reason", "due_on", "created_at", "done_at", "cancelled_at",
                                    "closure_note"], map(measure, range(base)))
    run("import", first)
    run("import", second)


def multiply():
    """Ten times as many measures, by SQL: the leaves of the copies are not in the
    evidence log, which nothing here reads."""
    c = sqlite3.connect(database, isolation_level=None)
    for pragma in ("synchronous=OFF", "cache_size=-400000", "foreign_keys=OFF"):
        c.execute("PRAGMA " + pragma)
    imported = c.execute("SELECT value FROM sequences WHERE name = 'history'").fetchone()[0]
    last, at = c.execute("SELECT max(seq), max(at) FROM history").fetchone()
    columns = {table: [r[1] for r in c.execute(f"PRAGMA table_info({table})")] for table in ("measures", "history")}
    seq = last

    def copy(table, change, source):
        c.execute(f"INSERT INTO {table} ({', '.join(columns[table])}) SELECT {', '.join(change.get(n, n) for n in columns[table])} FROM {source}")

    def numbered(by):
        return {"seq": f"row_number() OVER (ORDER BY {by}) + {seq}", "leaf": f"row_number() OVER (ORDER BY {by}) + {100_000_000 + seq}"}

    c.execute("BEGIN")
    for k in range(1, measures // base):
        copy("measures", {"num": f"num + {k * base}", "key": f"'M-' || (num + {k * base})", "id": f"id || '-{k}'", "created_at": f"created_at - {k * 2_220_000_000}"},
             f"measures WHERE num <= {base} ORDER BY num")
        copy("history", numbered("seq") | {"key": f"'M-' || (CAST(substr(key, 3) AS INTEGER) + {k * base})", "to_value": "json_set(to_value, '$.created_at', "
             f"strftime('%Y-%m-%dT%H:%M:%SZ', json_extract(to_value, '$.created_at'), '-{k * 37} minutes'))"},
             f"history WHERE subject = 'measure' AND kind = 'create' AND seq <= {imported} ORDER BY seq")
        seq += base
    empty = {n: "''" for n in columns["history"]}
    for n in (2, 3):
        copy("history", empty | numbered("num") | {"subject": "'measure'", "key": "key", "subject_seq": str(n), "at": str(at + n), "kind": "'field'", "field": "'title'",
             "from_value": "title", "to_value": "title", "overwritten": "0", "source": "'user'", "external_at": "NULL", "salt": "x''", "erased_at": "NULL"}, "measures ORDER BY num")
        seq += measures
    c.execute("UPDATE sequences SET value = ? WHERE name = 'history'", [seq])
    c.execute("UPDATE sequences SET value = ? WHERE name = 'measure'", [measures])
    c.execute("COMMIT")
    c.execute("ANALYZE")
    c.close()


class Service:
    """The running program."""

    def __init__(self):
        began = time.monotonic()
        self.process = subprocess.Popen([program, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
        self.lines = []
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()
        while True:
            try:
                self.get("/readyz")
                break
            except OSError:
                time.sleep(0.05)
        self.ready = time.monotonic() - began

    def get(self, path, method="GET", body=None, **headers):
        request = urllib.request.Request("http://" + address + path, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def first(self, path, **headers):
        """Waits for a first answer, however often the service gives up meanwhile."""
        while True:
            try:
                return self.get(path, **headers)
            except OSError:
                time.sleep(0.1)

    def memory(self, field="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(field + r":\s+(\d+)", f.read())[1]) / 1024

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def timed(do):
    began = time.monotonic()
    do()
    return time.monotonic() - began


def cookie(service):
    """Becomes the administrator by the link of the first start."""
    link = next(l for l in service.lines if "/setup#" in l).strip()
    form = urllib.parse.urlencode({"secret": link.split("#")[1], "name": "Bench", "email": "bench@example.org", "password": "a long enough password"}).encode()

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request("http://" + address + "/setup", data=form, headers={"Origin": "http://" + address, "Sec-Fetch-Site": "same-origin"})
    try:
        answer = urllib.request.build_opener(NoRedirect).open(request)
    except urllib.error.HTTPError as e:
        answer = e
    return answer.headers["Set-Cookie"].split(";")[0]


def main():
    if not os.path.exists(database):
        say("import of %d incidents and %d measures" % (incidents, base), f"{timed(make):.0f} s")
        multiply()
    run("migrate", "up")
    cache = os.path.join(folder, "statistics.cache")
    if os.path.exists(cache):
        os.remove(cache)
    token = re.search(r"ft_[A-Z0-9]+", run("token", "create", "--name", f"bench-{time.time()}", "--role", "admin"))[0]
    bearer = {"Authorization": "Bearer " + token}

    service = Service()
    # The service folds in the background from its start on; the answer waits for it.
    seconds = timed(lambda: service.first("/api/v1/stats/overdue", **bearer)) + service.ready
    say("first fold of the history", f"{seconds:.1f} s, {service.cpu():.1f} s of processor time")
    say("memory after it", f"{service.memory():.0f} MiB, peak {service.memory('VmHWM'):.0f} MiB")
    session = os.path.join(folder, "session")
    if not os.path.exists(session):
        with open(session, "w") as f:
            f.write(cookie(service))
    with open(session) as f:
        signed = {"Cookie": f.read()}
    service.stop()
    say("dump of the service", f"{os.path.getsize(cache) / 1e6:.1f} MB")

    service = Service()
    seconds = timed(lambda: service.first("/api/v1/stats/overdue", **bearer)) + service.ready
    say("start from the dump until the first figure", f"{seconds:.2f} s, {service.cpu():.1f} s of processor time; memory {service.memory():.0f} MiB, peak {service.memory('VmHWM'):.0f} MiB")
    before = service.cpu()
    cold = timed(lambda: service.get("/", **signed))
    say("dashboard, cold", f"{cold * 1000:.0f} ms, {(service.cpu() - before) * 1000:.0f} ms of processor time")
    before = service.cpu()
    warm = sorted(timed(lambda: service.get("/", **signed)) for _ in range(40))
    say("dashboard, warm", f"p50 {warm[20] * 1000:.0f} ms, p95 {warm[38] * 1000:.0f} ms, {(service.cpu() - before) * 25:.0f} ms of processor time")
    seen, again = [], []
    for n in range(5):
        key = f"M-{1 + n * 97}"
        body = json.dumps({"title": f"Changed {n} at {time.time()}"}).encode()
        service.get("/api/v1/measures/" + key, "PATCH", body, **bearer, **{"Content-Type": "application/merge-patch+json", "If-Match": "*"})
        seen.append(timed(lambda: service.get("/api/v1/stats/overdue", **bearer)))
        again.append(timed(lambda: service.get("/", **signed)))
    say("live figure (overdue) after an edit", f"{max(seen) * 1000:.0f} ms at most of {len(seen)}")
    say("dashboard after an edit", f"{max(again) * 1000:.0f} ms at most of {len(again)}")
    key = "/api/v1/incidents/INC-77/stats"
    times = sorted(timed(lambda: service.get(key, **bearer)) for _ in range(40))
    say("statistics of one incident", f"p95 {times[38] * 1000:.0f} ms")
    before, rows, size, path, began = service.memory(), 0, 0, "/api/v1/measures?limit=200", time.monotonic()
    while path and rows < 200_000:
        text = service.get(path, **bearer)
        page = json.loads(text)
        rows, size = rows + len(page["items"]), size + len(text)
        path = page.get("next_cursor") and "/api/v1/measures?limit=200&cursor=" + urllib.parse.quote(page["next_cursor"])
    say(f"{rows} measures by the API, 200 a page", f"{time.monotonic() - began:.1f} s, {size / 1e6:.0f} MB; memory {before:.0f} before, {service.memory():.0f} MiB after")
    for name in ("csv", "xlsx"):
        before = service.memory()
        seconds = timed(lambda: service.get(f"/measures.{name}", **signed))
        say(f"export of a view (10,000 rows), {name}", f"{seconds:.1f} s; memory {before:.0f} before, {service.memory():.0f} MiB after")
    service.stop()
    for name in ("csv", "ndjson"):
        began = time.monotonic()
        process = subprocess.Popen([program, "export", "--format", name], env=environment, stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        say(f"export of all measures by the command, {name}", f"{time.monotonic() - began:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} s of processor time, peak {usage.ru_maxrss / 1024:.0f} MiB")


try:
    main()
finally:
    if not os.environ.get("KEEP"):
        shutil.rmtree(folder)
