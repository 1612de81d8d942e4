#!/usr/bin/env python3
"""Black-box runner for raw HTTP/1.x corpora.

  h1run.py --host 127.0.0.1 --port 8080 [--path /v1/models] [--header 'Authorization: Bearer sk-x'] [--tls]
           [--corpus h1-cases.jsonl, or http-garden, llhttp or smuggler corpora in the forms load() knows]
           [--alive-url] [--json out.json] [--jobs 16] [--only PREFIX] [--pid N]

A case passes or fails on what the client sees: how many final responses, their status, whether the peer closed.
Exit status 0 only when every case passes.  --pid watches the process: RSS before/after and that it still lives."""
import argparse, base64, json, os, re, socket, ssl, sys, time, zlib
from concurrent.futures import ThreadPoolExecutor
def dec(s): return zlib.decompress(base64.b64decode(s[2:])) if s.startswith('z:') else base64.b64decode(s)
VALID = ('garden-server-41', 'garden-server-48', 'garden-bonus-03', 'garden-bonus-04')      # well-formed payloads
def load(path, a):
    for line in open(path):
        r = json.loads(line)
        if 'segments_b64' in r:                                   # http-garden
            segs = [base64.b64decode(x) for x in r['segments_b64']]
            yield dict(id=r['id'], segs=segs, expect='any' if r['id'] in VALID else 'reject' if a.strict else 'noextra', n=1, desc=r['title'])
        elif 'header_line_b64' in r:                              # smuggler: TE mutation beside a Content-Length
            h = base64.b64decode(r['header_line_b64'])
            for v, body, cl in (('clte', b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", None),):
                cl = len(body)
                segs = [b"POST {{P}} HTTP/1.1\r\n" + h + b"\r\nHost: a\r\n{{A}}Content-Length: %d\r\n\r\n" % cl + body]
                yield dict(id=r['id'] + '-' + v, segs=segs, expect='noextra', n=1, desc=r['name'])
        elif 'input_b64' in r:                                    # llhttp
            if r['lenient'] or r['meta'].get('type', '').find('response') >= 0: continue
            e = r.get('llhttp_error')
            bad = bool(e) and e[0] not in (21, 22, 23, 31)
            yield dict(id=r['id'], segs=[base64.b64decode(r['input_b64'])], expect='llbad' if bad else 'any', n=max(1, r.get('messages_complete') or 1), mc=r.get('messages_complete') or 0, desc=r['title'])
        else:
            yield dict(id=r['id'], segs=[dec(x) for x in r['segs']], expect=r['expect'], n=r['n'], desc=r['desc'], pause=r.get('pause_ms', 0), note=r.get('note'), bytewise=r.get('bytewise'))
def parse(buf, closed):
    """list of (status, headers, bodylen); None tail when incomplete"""
    out = []; p = 0; got100 = 0
    while p < len(buf):
        e = buf.find(b"\r\n\r\n", p)
        if e < 0:
            m = re.match(rb"HTTP/1\.[01] (\d\d\d)", buf[p:p+12])
            if m: out.append((int(m[1]), b"", 0))
            break
        head = buf[p:e+2]; m = re.match(rb"HTTP/1\.[01] (\d\d\d)", head)
        if not m: out.append((0, head[:60], 0)); break
        st = int(m[1]); p = e + 4
        if st == 100: got100 += 1; continue
        if st == 101: out.append((101, head, 0)); break
        h = head.lower(); cl = re.search(rb"\r\ncontent-length:\s*(\d+)", h)
        if b"\r\ntransfer-encoding: chunked" in h:
            q = p; ok = False
            while True:
                k = buf.find(b"\r\n", q)
                if k < 0: break
                try: n = int(buf[q:k].split(b";")[0], 16)
                except ValueError: break
                q = k + 2 + n + 2
                if n == 0: ok = True; break
            p = q if ok else len(buf)
        elif cl and st not in (204, 304): p += int(cl[1])
        elif st in (204, 304): pass
        else: p = len(buf)
        out.append((st, head, 0))
    return out, got100
def run(c, a):
    t0 = time.time(); buf = b""; closed = False; err = None
    try:
        s = socket.create_connection((a.host, a.port), 5)
        if a.tls:
            ctx = ssl.create_default_context(); ctx.check_hostname = False; ctx.verify_mode = ssl.CERT_NONE; ctx.set_alpn_protocols(['http/1.1']); s = ctx.wrap_socket(s, server_hostname='localhost')
        s.settimeout(0.25); hdr = ''.join(h + '\r\n' for h in a.header).encode()
        pend = [x.replace(b"{{P}}", a.path.encode()).replace(b"{{A}}", hdr) for x in c['segs']]
        if c.get('bytewise'): pend = [bytes([b]) for b in pend[0]]
        def drain(until):
            nonlocal buf, closed
            while time.time() < until and not closed:
                try:
                    d = s.recv(65536)
                    if not d: closed = True
                    buf += d
                except (TimeoutError, socket.timeout, ssl.SSLWantReadError): return
                except (ConnectionResetError, BrokenPipeError, ssl.SSLError, OSError): closed = True
        for i, x in enumerate(pend):
            try:
                s.settimeout(4); mv = memoryview(x)
                while mv and not closed:
                    n = s.send(mv[:65536]); mv = mv[n:]
            except (ConnectionResetError, BrokenPipeError, ssl.SSLError, OSError) as e:
                pass
            s.settimeout(0.25)
            if c.get('pause') and i + 1 < len(pend):
                if len(pend) > 10: time.sleep(c['pause'] / 1000)
                else: drain(time.time() + c['pause'] / 1000 + 0.05)
        exp = c['expect']
        if exp == 'eof':
            try: s.shutdown(socket.SHUT_WR)
            except OSError: pass
        want = c['n']; end = time.time() + a.timeout; half = False
        while time.time() < end and not closed:
            drain(time.time() + 0.3)
            rs, g = parse(buf, closed)
            fin = len(rs)
            if exp in ('accept', 'pipeline', 'accept100', 'any') and fin >= want: drain(time.time() + 0.3); break
            if exp in ('safe', 'refuse', 'noextra', 'llbad', 'octal') and fin >= 1: drain(time.time() + a.settle); break
            if not half and exp in ('nohang', 'noextra', 'safe', 'llbad', 'any', 'reject') and time.time() - t0 > a.half:
                half = True
                try: s.shutdown(socket.SHUT_WR)
                except OSError: pass
        try: s.close()
        except OSError: pass
    except Exception as e: err = repr(e)
    rs, g100 = parse(buf, closed); st = [r[0] for r in rs]; two = [x for x in st if 200 <= x < 400]; bad = [x for x in st if x >= 400]
    leak = any(b"x-backend: parse-error" in (r[1] or b"").lower() for r in rs)
    rejected = (len(bad) == 1 and not two and closed) or (not st and closed and not leak and err is None)
    exp = c['expect']; n = c['n']
    if err: ok = False
    elif leak: ok = False
    elif exp == 'reject': ok = rejected
    elif exp == 'refuse': ok = rejected or (len(st) == 1 and len(bad) == 1)
    elif exp == 'accept': ok = len(two) == n and len(st) == n
    elif exp == 'accept100': ok = len(two) == 1 and len(st) == 1
    elif exp == 'safe': ok = rejected or (len(st) == 1 and (bad or two)) or (len(two) <= n and len(st) <= n)
    elif exp == 'pipeline': ok = (len(st) == n and len(two) >= 1 and 400 not in st) or (len(st) == 1 and bool(bad) and closed and n == 2)
    elif exp == 'nohang': ok = len(two) <= 1 and len(st) <= 1 and closed
    elif exp == 'goodbad': ok = len(two) == 1 and len(bad) <= 1 and closed
    elif exp == 'eof': ok = not two and closed
    elif exp in ('noextra',): ok = len(st) <= 1 or (len(two) <= 1 and closed and len(st) <= 2 and len(bad) == len(st) - len(two))
    elif exp == 'llbad': ok = rejected or (not two and closed) or (len(two) <= c['mc'] and closed)
    elif exp == 'octal': ok = rejected or len(two) == 1
    elif exp == 'any': ok = True
    else: ok = False
    if 101 in st: ok = False
    return dict(id=c['id'], expect=exp, ok=bool(ok), statuses=st, closed=closed, leak=leak, ms=int((time.time() - t0) * 1000), err=err, desc=c['desc'], note=c.get('note'))
def rss(pid):
    try: return int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{pid}/status').read())[1])
    except Exception: return None
def main():
    p = argparse.ArgumentParser(); p.add_argument('--host', default='127.0.0.1'); p.add_argument('--port', type=int, required=True); p.add_argument('--path', default='/'); p.add_argument('--header', action='append', default=[]); p.add_argument('--tls', action='store_true')
    here = os.path.dirname(os.path.abspath(__file__)); p.add_argument('--corpus', default=os.path.join(here, 'h1-cases.jsonl')); p.add_argument('--jobs', type=int, default=24); p.add_argument('--timeout', type=float, default=3.0); p.add_argument('--half', type=float, default=1.2); p.add_argument('--settle', type=float, default=0.35); p.add_argument('--only', default=''); p.add_argument('--json'); p.add_argument('--pid', type=int); p.add_argument('-q', action='store_true'); p.add_argument('--strict', action='store_true', help='http-garden: 4xx and close is the only pass')
    a = p.parse_args(); cases = [c for c in load(a.corpus, a) if c['id'].startswith(a.only)]; r0 = rss(a.pid) if a.pid else None
    with ThreadPoolExecutor(a.jobs) as ex: res = list(ex.map(lambda c: run(c, a), cases))
    bad = [r for r in res if not r['ok']]
    if not a.q:
        for r in bad: print(f"FAIL {r['id']:28} expect={r['expect']:8} got={r['statuses']} closed={r['closed']} leak={r['leak']} {r['ms']}ms  {r['desc'][:70]} {r['err'] or ''}")
    k = [sum(1 for r in bad if r.get('note') == x) for x in ('strict', 'policy')]
    print(f"{len(res)} cases, {len(res)-len(bad)} passed, {len(bad)} failed ({k[0]} strict-only, {k[1]} policy-only, {sum(r['leak'] for r in res)} answered by an upstream that called it malformed)")
    if a.pid: print('rss kB before/after', r0, rss(a.pid), 'alive', os.path.exists(f'/proc/{a.pid}'))
    if a.json: json.dump(res, open(a.json, 'w'))
    sys.exit(1 if bad else 0)
if __name__ == '__main__': main()
