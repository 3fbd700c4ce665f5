#!/usr/bin/env python3
"""Second verifier of evidence packs: Python's standard library and openssl, nothing else.

    python3 verify.py [--since OLD] KEY PACK...     KEY is NAME+HASH+KEYDATA, or several with commas; the log must continue OLD
Exit code: 0 all right, 1 something is wrong, 2 cannot be judged. It shares no code with the program, and does not
compute report.html and the tables again: their hashes are in the log, which it does check.
"""
import base64, hashlib, re, struct, subprocess, sys, tempfile, zlib

NAMES = ["MANIFEST.sha256", "changes.csv", "checkpoint.txt", "flags.json", "index.txt", "key.txt", "leafhashes.bin", "leaves.bin",
         "mapping.json", "openings.txt", "pack-leaf.bin", "prev-checkpoint.txt", "register.csv", "report.html", "scope.json"]
NOT_CONTENT = ["MANIFEST.sha256", "checkpoint.txt", "leafhashes.bin", "pack-leaf.bin"]
LEAF = re.compile(rb"followthrough leaf v1\nlog (?P<log>\S+)\nkind (?P<kind>\S+)\n(?:subject (?P<subject>\S+)\nkey (?P<key>\S*)\nseq (?P<seq>\d+)\n"
                  rb"prev (?P<prev>-?\d+)\n)?time \S+\n(?:ext-time \S+\n)?source \S+\n(?P<who>(?:(?:actor|on-behalf|ext|request) \S+\n)*)"
                  rb"(?P<fields>(?:field \S+ \S+ \S+\n)*)(?:reason (?P<reason>\S+)\n)?(?:overwritten yes\n)?(?:app \S+\n)?nonce (?P<nonce>[0-9a-f]{32})\n")
Wrong, Unjudged = type("Wrong", (Exception,), {}), type("Unjudged", (Exception,), {})

def need(condition, text, kind=Wrong):
    if not condition:
        raise kind(text)

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

class Tree:
    """The right edge of an RFC 6962 tree."""
    def __init__(self):
        self.size, self.edges = 0, []
    def add(self, h):
        n = self.size
        while n & 1:
            h, n = sha(b"\1", self.edges.pop(), h), n >> 1
        self.edges.append(h)
        self.size += 1
    def root(self):
        h = self.edges[-1] if self.edges else sha()
        for left in self.edges[-2::-1]:
            h = sha(b"\1", left, h)
        return h

def read_key(vkeys):
    keys = {}
    for name, digest, data in (vkey.split("+", 2) for vkey in vkeys.strip().split(",")):
        raw = keys[bytes.fromhex(digest)] = base64.b64decode(data, validate=True)
        need(len(raw) == 33 and raw[0] == 1 and sha(name.encode(), b"\n", raw)[:4].hex() == digest, "the key is not a key", Unjudged)
    return name, keys

def openssl(public, text, signature):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in ("pub", bytes.fromhex("302a300506032b6570032100") + public), ("text", text), ("sig", signature):
            open(folder + "/" + name, "wb").write(content)
        return subprocess.run("openssl pkeyutl -verify -pubin -inkey pub -keyform DER -rawin -in text -sigfile sig".split(),
                              cwd=folder, capture_output=True).returncode == 0

def open_checkpoint(signed, key, alone):
    """Returns origin, size and root of a note that the key has signed."""
    name, keys = key
    text, _, signatures = signed.decode("utf-8").rpartition("\n\n")
    text, lines, good = text + "\n", signatures.split("\n"), False
    need(lines.pop() == "" and (len(lines) == 1 or not alone), "the checkpoint of a pack has one signature")
    for line in lines:
        found = re.fullmatch(r"\u2014 (\S+) (\S+)", line) or need(False, "a signature line cannot be read")
        raw = base64.b64decode(found[2], validate=True)
        need(not alone or base64.b64encode(raw).decode() == found[2], "the signature is not in its canonical form")
        if found[1] == name and raw[:4] in keys:
            good = openssl(keys[raw[:4]][1:], text.encode(), raw[4:])
            need(good, "the signature is wrong")
    need(good, "the checkpoint is not signed by this key")
    found = re.fullmatch(r"(\S+)\n(0|[1-9]\d{0,17})\n([A-Za-z0-9+/]{43}=)\n", text)
    need(found and (found[1] == name or re.fullmatch(re.escape(name) + r"/epoch-[1-9]\d*", found[1])), "the checkpoint is of another log")
    return found[1], int(found[2]), base64.b64decode(found[3])

def epoch(origin):
    return int((re.search(r"/epoch-(\d+)$", origin) or [0, 0])[1])

def open_archive(data):
    """Takes the files out and builds the archive again: it must be the same bytes."""
    need(len(data) >= 22, "no evidence pack", Unjudged)
    entries, length = struct.unpack("<HI", data[-12:-6])
    need(data[-22:-18] == b"PK\5\6" and entries <= len(NAMES) and length + 22 <= len(data), "not the form of a pack")
    directory, files, at, rest, central, start = data[-22 - length:-22], {}, 0, NAMES, b"", 0
    while at < len(directory):
        need(len(directory) >= at + 46, "the directory is cut off")
        crc, size, _, n = struct.unpack("<IIIH", directory[at + 16:at + 30])
        name = directory[at + 46:at + 46 + n].decode("ascii")
        need(name in rest, "not a file of a pack, or not in its place")
        rest = rest[rest.index(name) + 1:]
        common = struct.pack("<HHHHHIIII", 20, 0, 0, 0, 0x21, crc, size, size, n)
        header = b"PK\3\4" + common + name.encode()
        content = data[start + len(header):start + len(header) + size]
        need(data[start:start + len(header)] == header and len(content) == size and zlib.crc32(content) == crc, name + " was changed")
        central += b"PK\1\2\x14\0" + common + bytes(10) + struct.pack("<I", start) + name.encode()
        start, at, files[name] = start + len(header) + size, at + 46 + n, content
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(central), start, 0)
    need(data[start:] == central + end, "the directory is not the one a pack has")
    need(all(n in files for n in NAMES if n != "prev-checkpoint.txt"), "a file is missing")
    return files

def manifest(files, without):
    return "".join("%s  %s\n" % (sha(files[n]).hex(), n) for n in sorted(files) if n not in without)

def records(data):
    at, last = 0, -1
    while at < len(data):
        need(len(data) >= at + 10, "the leaves are cut off")
        index, n = struct.unpack(">QH", data[at:at + 10])
        leaf = data[at + 10:at + 10 + n]
        need(len(leaf) == n and index > last, "the leaves are cut off or not in order")
        found = LEAF.fullmatch(leaf) or need(False, "leaf %d cannot be read" % index)
        yield index, leaf, found.groupdict()
        at, last = at + 10 + n, index

def values(leaf):
    for line in leaf["who"].decode().splitlines():
        yield tuple(line.split(" "))
    for line in leaf["fields"].decode().splitlines():
        _, name, before, after = line.split(" ")
        yield name + "/from", before
        yield name + "/to", after
    yield "reason", (leaf["reason"] or b"-").decode()

def verify(data, key, since):
    files = open_archive(data)
    origin, size, root = open_checkpoint(files["checkpoint.txt"], key, True)
    hashes, log = files["leafhashes.bin"], key[0].encode()
    need(len(hashes) == 32 * size, "the hashes are not those of the checkpoint")
    need(files["MANIFEST.sha256"].decode() == manifest(files, NOT_CONTENT[:1]), "the manifest is wrong")
    (own, own_leaf, own_values), = records(files["pack-leaf.bin"])
    said = {name[:-3]: text[1:] for name, text in values(own_values) if name.endswith("/to")}
    need(own_values["kind"] == b"pack" and own_values["log"] == log and int(said["upto"]) <= own < size, "no leaf of this pack")
    need(said["content"] == sha(manifest(files, NOT_CONTENT).encode()).hex(), "the content is not the one in the log")
    older = [open_checkpoint(files["prev-checkpoint.txt"], key, True)] if "prev-checkpoint.txt" in files else []
    old, tree, roots = open_checkpoint(since, key, False) if since else None, Tree(), {0: sha()}
    for at in range(0, len(hashes), 32):
        tree.add(hashes[at:at + 32])
        if tree.size in [c[1] for c in older + [old] if c]:
            roots[tree.size] = tree.root()
    need(tree.root() == root and hashes[32 * own:32 * own + 32] == sha(b"\0", own_leaf), "the root is wrong")
    need(all(roots.get(c[1]) == c[2] for c in older if c[0] == origin), "the log does not continue its previous checkpoint")
    before, now, continued = epoch(old[0]) if old else -1, epoch(origin), not old or roots.get(old[1]) == old[2]
    need(continued or before < now or before == now and old[1] <= size, "the older checkpoint is newer than the pack", Unjudged)
    need(continued or before < now, "the log does not continue the older checkpoint")
    lines = files["openings.txt"].decode().split("\n")
    openings = [(re.fullmatch(r"(\d+) (\S+) ([0-9a-f]{64}) (\S*)", line) or need(False, "a line of openings.txt")).groups() for line in lines[:-1]]
    chains, closed, sealed, upto, shown, used, epochs = {}, {}, False, int(said["upto"]), 0, 0, [[0, size, 0]]
    for index, raw, leaf in records(files["leaves.bin"]):
        need(index < upto and leaf["log"] == log and sha(b"\0", raw) == hashes[32 * index:32 * index + 32], "leaf %d is not in the log" % index)
        sealed = sealed or index == 0 and leaf["kind"] == b"seal" and dict(values(leaf)).get("rows/to") != "=0"
        shown, missing = shown + 1, []
        for name, value in values(leaf):
            if value[0] != "#":
                continue
            if openings[used:used + 1] and openings[used][:2] == (str(index), name):
                salt, text = bytes.fromhex(openings[used][2]), base64.b64decode(openings[used][3], validate=True)
                hashed = sha(b"\2", salt, struct.pack(">I", len(name)), name.encode(), text).hex()
                need(hashed == value[1:] and base64.b64encode(text).decode() == openings[used][3], "leaf %d: %s is another text" % (index, name))
                used += 1
            else:
                missing.append(name.split("/")[0])
        if leaf["subject"] is None:
            epochs += [[int(dict(values(leaf))[name + "/to"][1:]) for name in ("epoch", "kept_size")] + [index]] if leaf["kind"] == b"epoch" else []
            continue
        at, seq, prev = (leaf["subject"], leaf["key"]), int(leaf["seq"]), int(leaf["prev"])
        last = chains.get(at) or ((seq - 1, 0) if seq > 1 and prev == 0 and sealed else (0, -1))
        need((seq, prev) == (last[0] + 1, last[1]), "leaf %d does not follow the one before" % index)
        chains[at] = (seq, index, leaf["nonce"])
        erased = [name.split("/")[0] for name, _ in values(leaf) if "/" in name and leaf["kind"] == b"erase"]
        closed[at] = [name for name in closed.get(at, []) + missing if name not in erased]
    need(lines[-1] == "" and used == len(openings), "openings.txt opens what is not there")
    need(epochs[-1][0] == now and all(a[0] < b[0] and 0 <= b[1] <= b[2] for a, b in zip(epochs, epochs[1:])), "the epochs are not those of the log")
    need(continued or old[1] > min(e[1] for e in epochs if e[0] > before), "the log was rewritten where it says that it was kept")
    need(continued, "the log was restored and does not continue the older checkpoint", Unjudged)
    index, hidden, named, last = Tree(), 0, 0, None
    for line in files["index.txt"].splitlines():
        index.add(bytes.fromhex(line[2:].decode()) if line[:2] == b"# " else sha(b"\0", line))
        if line[:2] == b"# ":
            hidden += 1
            continue
        subject, name, seq, at, nonce = line.split(b" ")
        need(not last or (subject, name) > last, "index.txt is not in order")
        need(chains.get((subject, name)) == (int(seq), int(at), nonce), "the pack does not show all of " + name.decode())
        last, named = (subject, name), named + 1
    need(index.root().hex() == said["root"] and str(named + hidden) == said["subjects"], "index.txt is not the one in the log")
    need(named == len(chains) and str(shown) == said["leaves"], "leaves are left out")
    need("incident" in said or "team" in said or not hidden and shown == upto, "leaves are left out of a pack about everything")
    need(not any(closed.values()), "values are not opened and no leaf says that they were erased", Unjudged)
    return "OK size=%d root=%s leaves=%d subjects=%d hidden=%d" % (size, root.hex(), shown, len(chains), hidden)

def main(args):
    since, worst, args = (open(args[1], "rb").read(), 0, args[2:]) if args[0] == "--since" else (None, 0, args)
    for path in args[1:]:
        try:
            print(path, verify(open(path, "rb").read(), read_key(args[0]), since))
        except Exception as e:  # whatever cannot be read is wrong
            unjudged = isinstance(e, (Unjudged, OSError))
            print(path, "CANNOT JUDGE" if unjudged else "WRONG", type(e).__name__, e)
            worst = worst or 2 if unjudged else 1
    return worst if len(args) > 1 else 2

sys.exit(main(sys.argv[1:]))
