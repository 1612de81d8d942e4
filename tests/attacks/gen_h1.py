#!/usr/bin/env python3
"""Writes h1-cases.jsonl: HTTP/1.x framing and smuggling cases, written for this project from RFC 9110/9112
(no third-party code).  {{P}} in the bytes is replaced by the runner with the path under test, {{A}} by extra
header lines (e.g. an Authorization header)."""
import json, base64, os, zlib
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'h1-cases.jsonl')
rows = []; ids = set()
def enc(b): return base64.b64encode(b).decode() if len(b) < 3000 else 'z:' + base64.b64encode(zlib.compress(b, 9)).decode()
SM = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
# note: 'strict' = the RFC would also allow processing it, we choose 400; 'policy' = valid HTTP that this gateway refuses
def add(group, name, raw, expect, desc, ref='', n=1, pause=None, note=None, bytewise=False):
    i = f"{group}-{name}"; assert i not in ids, i; ids.add(i)
    segs = raw if isinstance(raw, list) else [raw]
    rows.append(dict(id=i, group=group, desc=desc, ref=ref, expect=expect, n=n,
        segs=[enc(s) for s in segs], pause_ms=pause or 0, **({'note': note} if note else {}), **({'bytewise': True} if bytewise else {})))
H = b"Host: a\r\n{{A}}"
def get(line=b"GET {{P}} HTTP/1.1", hdrs=H, tail=b""): return line + b"\r\n" + hdrs + b"\r\n" + tail
def post(hdrs, body=b"", line=b"POST {{P}} HTTP/1.1"): return line + b"\r\n" + H + hdrs + b"\r\n" + body

# ---- A request line -------------------------------------------------------------------------------------
g = 'reqline'
add(g, 'ok-get', get(), 'accept', 'plain GET', '9112 3')
add(g, 'ok-lead-crlf', b"\r\n" + get(), 'safe', 'one empty line before request-line (SHOULD ignore)', '9112 2.2')
add(g, 'lead-crlf-x100', b"\r\n" * 100 + get(), 'safe', '100 empty lines before request-line: bounded', '9112 2.2')
add(g, 'lead-space', b" " + get(), 'reject', 'space before method', '9112 3')
add(g, 'lead-tab', b"\t" + get(), 'reject', 'tab before method', '9112 3')
add(g, 'lead-nul', b"\0" + get(), 'reject', 'NUL before method', '9112 3')
add(g, 'two-sp', get(b"GET  {{P}} HTTP/1.1"), 'reject', 'two spaces after method', '9112 3')
add(g, 'two-sp-ver', get(b"GET {{P}}  HTTP/1.1"), 'reject', 'two spaces before version', '9112 3')
add(g, 'tab-sep', get(b"GET\t{{P}}\tHTTP/1.1"), 'reject', 'tabs as separators', '9112 3')
add(g, 'vt-sep', get(b"GET\x0b{{P}} HTTP/1.1"), 'reject', 'VT as separator', '9112 3')
add(g, 'cr-sep', get(b"GET\r{{P}} HTTP/1.1"), 'reject', 'bare CR as separator', '9112 2.2')
add(g, 'trail-sp', get(b"GET {{P}} HTTP/1.1 "), 'reject', 'space after version', '9112 3')
add(g, 'no-version', b"GET {{P}}\r\n" + H + b"\r\n", 'reject', 'no version (HTTP/0.9 style with headers)', '9112 3')
add(g, 'http09', b"GET {{P}}\r\n\r\n", 'reject', 'HTTP/0.9 simple request', '9112 3')
for k, v in dict(v00=b"HTTP/0.0", v09=b"HTTP/0.9", v2=b"HTTP/2.0", v3=b"HTTP/3.0", v110=b"HTTP/1.10", v132=b"HTTP/1.32", v011=b"HTTP/01.1", v1=b"HTTP/1", v1dot=b"HTTP/1.", vdot1=b"HTTP/.1", vneg=b"HTTP/-1.1", vx=b"HTTP/1.1x", lower=b"http/1.1", mixed=b"HtTP/1.1", sp=b"HTTP/1. 1", comma=b"HTTP/1,1", big=b"HTTP/4294967297.1", ice=b"ICE/1.1", icy=b"HTTPS/1.1", sip=b"SIP/2.0", cr=b"HTTP/1.1\r", nul=b"HTTP/1.1\0", fw=b"HTTP/1.\xef\xbc\x91").items():
    add(g, 'ver-' + k, get(b"GET {{P}} " + v), 'reject', f'bad version {v!r}', '9112 2.3')
add(g, 'ver-12', get(b"GET {{P}} HTTP/1.2"), 'safe', 'minor version above ours: treat as 1.1 or 505', '9110 2.5')
add(g, 'ver-10', get(b"GET {{P}} HTTP/1.0"), 'accept', 'HTTP/1.0 with Host', '9112')
for k, m in dict(empty=b"", paren=b"GE(T", colon=b"GET:", slash=b"G/ET", quote=b'G"ET', at=b"@GET", brace=b"{GET}", nonascii=b"G\xc3\x89T", nul=b"G\0ET", cr=b"G\rET", del_=b"G\x7fET", eq=b'G=":<>(e),[T];?"').items():
    add(g, 'meth-' + k, get(m + b" {{P}} HTTP/1.1"), 'reject', 'method is not a token', '9110 9.1')
add(g, 'meth-unknown', get(b"FOO {{P}} HTTP/1.1"), 'refuse', 'unknown but valid token: 405/501, no crash', '9110 9.1', note='policy')
add(g, 'meth-lower', get(b"get {{P}} HTTP/1.1"), 'refuse', 'methods are case-sensitive', '9110 9.1', note='policy')
add(g, 'meth-trace', get(b"TRACE {{P}} HTTP/1.1", H + b"X-Secret: s3cr3t\r\n"), 'refuse', 'TRACE must not echo headers', '9110 9.3.8', note='policy')
add(g, 'meth-connect', b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 'refuse', 'not a forward proxy', '9110 9.3.6')
add(g, 'meth-long', get(b"A" * 20000 + b" {{P}} HTTP/1.1"), 'reject', '20 kB method', '')
for k, t in dict(nul=b"/\0x", ctl01=b"/\x01", cr=b"/\rx", lf=b"/\nx", del_=b"/\x7f", sp=b"/a b", hash=b"{{P}}#frag", hashslash=b"/#/../admin", backslash=b"\\", rel=b"models", empty=b"", star=b"*", excl=b"!", lt=b"<script>", hi=b"/\xff\xfe", pctnul=b"/%00", pctbad=b"/%zz", pctshort=b"/%2").items():
    e = 'refuse' if k in ('pctnul', 'pctbad', 'pctshort', 'rel', 'star', 'lt', 'excl', 'backslash', 'hi', 'hash', 'hashslash', 'empty') else 'reject'
    add(g, 'target-' + k, get(b"GET " + t + b" HTTP/1.1"), e, f'bad request-target {t!r}', '9112 3.2', note='policy' if e == 'refuse' else None)
add(g, 'abs-form', b"GET http://a{{P}} HTTP/1.1\r\n" + H + b"\r\n", 'safe', 'absolute-form (server MUST accept) or refuse', '9112 3.2.2')
add(g, 'abs-mismatch', b"GET http://b{{P}} HTTP/1.1\r\n" + H + b"\r\n", 'safe', 'absolute-form authority differs from Host: target wins or 400; never routed by Host', '9112 3.2.2')
add(g, 'abs-userinfo', b"GET http://u:p@a{{P}} HTTP/1.1\r\n" + H + b"\r\n", 'reject', 'userinfo in absolute-form', '9110 4.2.4')
add(g, 'abs-file', b"GET file:///etc/passwd HTTP/1.1\r\n" + H + b"\r\n", 'refuse', 'file scheme', '')
for n in (8000, 70000, 1100000):
    add(g, f'target-{n}', get(b"GET /" + b"a" * n + b" HTTP/1.1"), 'safe' if n < 10000 else 'reject', f'{n}-byte target: 404/414/431, bounded', '9112 3')
add(g, 'lf-only', b"GET {{P}} HTTP/1.1\nHost: a\n{{A}}\n", 'reject', 'bare LF line endings (we reject; RFC allows accepting)', '9112 2.2', note='strict')
add(g, 'garbage', bytes(range(128, 256)) * 4 + b"\r\n\r\n", 'reject', 'binary garbage', '')
add(g, 'tls-hello', bytes.fromhex('1603010200010001fc0303') + b"\x11" * 80, 'reject', 'TLS ClientHello on a clear port', '')
add(g, 'h2-preface-cut', b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 'reject', 'broken HTTP/2 preface', '9113 3.4')

# ---- B Host ------------------------------------------------------------------------------------------------
g = 'host'
def hostreq(h): return b"GET {{P}} HTTP/1.1\r\n" + h + b"{{A}}\r\n"
add(g, 'missing', hostreq(b""), 'reject', '1.1 without Host MUST be 400', '9112 3.2')
add(g, 'missing10', b"GET {{P}} HTTP/1.0\r\n{{A}}\r\n", 'safe', '1.0 without Host', '9112 3.2')
add(g, 'dup', hostreq(b"Host: a\r\nHost: b\r\n"), 'reject', 'two Host MUST be 400', '9112 3.2')
add(g, 'dup-same', hostreq(b"Host: a\r\nHost: a\r\n"), 'reject', 'two equal Host MUST be 400', '9112 3.2')
add(g, 'empty', hostreq(b"Host:\r\n"), 'safe', 'empty Host', '9110 7.2')
for k, v in dict(slash=b"a/x", query=b"foo?", hash=b"foo#", badhost=b"example.com/health?x=", at=b"u@a", space=b"a b", tab=b"a\tb", nul=b"a\0b", bslash=b"a\\b", hi=b"a\xff", comma=b"a, b", quote=b'a"', lt=b"<a>", port5=b"a:99999", portx=b"a:abc", portneg=b"a:-1", portsp=b"a: 80", v6open=b"[::1", v6x=b"[::1]x", v6bad=b"[:::::]", pct=b"a%00b").items():
    add(g, 'bad-' + k, hostreq(b"Host: " + v + b"\r\n"), 'reject', f'invalid Host {v!r} (BadHost CVE-2026-48710 class)', '9112 3.2')
add(g, 'ok-v6', hostreq(b"Host: [::1]:8080\r\n"), 'accept', 'IPv6 literal', '')
add(g, 'ok-port', hostreq(b"Host: a:8080\r\n"), 'accept', 'port', '')
add(g, 'sp-before-colon', hostreq(b"Host : a\r\n"), 'reject', 'space before colon MUST be 400', '9112 5.1')

# ---- C header syntax -----------------------------------------------------------------------------------------
g = 'hdr'
def hx(line): return get(hdrs=H + line + b"\r\n")
add(g, 'ok-empty-val', hx(b"X-A:"), 'accept', 'empty value', '9112 5')
add(g, 'ok-ows', hx(b"X-A: \t v \t "), 'accept', 'OWS around value', '9112 5')
add(g, 'ok-obs-text', hx(b"X-A: caf\xc3\xa9"), 'safe', 'obs-text in value', '9110 5.5')
add(g, 'ok-tokenchars', hx(b"X!#$%&'*+-.^_`|~9: v"), 'accept', 'all tchar', '9110 5.6.2')
add(g, 'no-colon', hx(b"X-A"), 'reject', 'no colon', '9112 5')
add(g, 'no-colon-sp', hx(b"Content-Length 10"), 'reject', 'space instead of colon', '9112 5')
add(g, 'empty-name', hx(b": v"), 'reject', 'empty name (CVE-2023-25725 class)', '9112 5')
add(g, 'only-colon', hx(b":"), 'reject', 'lone colon', '9112 5')
add(g, 'sp-name', hx(b"X-A : v"), 'reject', 'space before colon MUST be 400', '9112 5.1')
add(g, 'tab-name', hx(b"X-A\t: v"), 'reject', 'tab before colon', '9112 5.1')
add(g, 'first-lead-sp', b"GET {{P}} HTTP/1.1\r\n X-A: v\r\n" + H + b"\r\n", 'reject', 'whitespace before first field', '9112 2.2')
add(g, 'obsfold-sp', hx(b"X-A: a\r\n b"), 'reject', 'obs-fold (reject or replace with SP)', '9112 5.2', note='strict')
add(g, 'obsfold-tab', hx(b"X-A: a\r\n\tb"), 'reject', 'obs-fold tab', '9112 5.2', note='strict')
add(g, 'name-split', b"POST {{P}} HTTP/1.1\r\n" + H + b"Transfer-\r\nEncoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 'reject', 'name split over two lines', '')
for c in list(range(0, 9)) + [0x0b, 0x0c] + list(range(0x0e, 0x20)) + [0x7f]:
    add(g, f'val-ctl-{c:02x}', hx(b"X-A: a" + bytes([c]) + b"b"), 'reject', f'CTL {c:#04x} in value', '9110 5.5')
add(g, 'val-cr', hx(b"X-A: a\rb"), 'reject', 'bare CR in value', '9112 2.2')
add(g, 'val-lf', hx(b"X-A: a\nX-B: b"), 'reject', 'bare LF splits header (strict)', '9112 2.2', note='strict')
add(g, 'val-crcrlf', hx(b"X-A: a\r"), 'reject', 'CR CR LF', '9112 2.2')
for c in b'"(),/;<=>?@[\\]{} \x7f\x80\xa0\xff':
    if c == 0x20: continue
    add(g, f'name-{c:02x}', hx(b"X" + bytes([c]) + b"A: v"), 'reject', f'byte {c:#04x} in name', '9110 5.1')
for c in (0, 1, 9, 0x0b, 0x0d, 0x1f):
    add(g, f'name-ctl-{c:02x}', hx(b"X" + bytes([c]) + b"A: v"), 'reject', f'CTL {c:#04x} in name', '9110 5.1')
add(g, 'end-lflf', b"GET {{P}} HTTP/1.1\r\nHost: a\r\n{{A}}X-A: v\n\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 'reject', 'LF LF ends header block', '', note='strict')
add(g, 'end-crlfcrX', b"GET {{P}} HTTP/1.1\r\nHost: a\r\n{{A}}\rZ" + SM, 'reject', 'CR LF CR X is not the end of headers', '9112 2.2')
add(g, 'n-100', get(hdrs=H + b"".join(b"X-%d: v\r\n" % i for i in range(90))), 'accept', '90 headers are fine', '')
add(g, 'n-2000', get(hdrs=H + b"".join(b"X-%d: v\r\n" % i for i in range(2000))), 'reject', '2 000 headers: 431', '6585 5')
add(g, 'n-20000-dup', get(hdrs=H + b"X: v\r\n" * 20000), 'reject', '20 000 equal headers: bounded time', '')
add(g, 'size-70k', get(hdrs=H + b"X-A: " + b"a" * 70000 + b"\r\n"), 'reject', '70 kB header: 431', '6585 5')
add(g, 'size-2m', get(hdrs=H + b"X-A: " + b"a" * 2000000 + b"\r\n"), 'reject', '2 MB header: cut early', '')
add(g, 'name-70k', get(hdrs=H + b"X" * 70000 + b": v\r\n"), 'reject', '70 kB name', '')
add(g, 'dup-auth', get(hdrs=b"Host: a\r\nAuthorization: Bearer sk-a\r\nAuthorization: Bearer sk-b\r\n"), 'refuse', 'two Authorization: 400/401, never the first or last silently', '9110 5.3', note='policy')

# ---- D Content-Length -------------------------------------------------------------------------------------------
g = 'cl'
body = b"01234"
add(g, 'ok', post(b"Content-Length: 5\r\n", body), 'accept', 'plain', '9112 6.2')
add(g, 'ok-case', post(b"cOnTeNt-LeNgTh: 5\r\n", body), 'accept', 'case-insensitive', '')
add(g, 'ok-zero', post(b"Content-Length: 0\r\n"), 'accept', 'zero', '')
add(g, 'ok-get-body', b"GET {{P}} HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % len(SM) + SM, 'safe', 'GET with body must consume it', '9110 9.3.1')
add(g, 'lead0', post(b"Content-Length: 0005\r\n", body), 'safe', 'leading zeros are decimal digits (never octal)', '9110 8.6')
add(g, 'lead0-octal', post(b"Content-Length: 010\r\n", b"01234567" + SM), 'octal', '010 is ten, never eight (ten bytes eat "GE"; a second 2xx means it was read as octal)', '9110 8.6')
for k, v in dict(plus=b"+5", minus=b"-5", minus48=b"-48", hex=b"0x5", exp=b"5e0", dec=b"5.0", comma=b"5,", lcomma=b",5", two=b"5,6", twosp=b"5, 6", semi=b"5;q=1", under=b"5_0", inner=b"5 0", z=b"5Z", alpha=b"five", empty=b"", quote=b'"5"', arabic="٥".encode(), fullw="５".encode(), plus10=b"+1_0", p31=b"2147483648x", p63=b"9223372036854775808", p64=b"18446744073709551616", p64p5=b"18446744073709551621", d30=b"9" * 30, d1000=b"1" * 1000, zeros=b"0" * 5000 + b"5", ff=b"5\xff", a0=b"\xa05", x85=b"5\x85").items():
    e = 'safe' if k == 'zeros' else 'reject'
    add(g, 'bad-' + k, post(b"Content-Length: " + v + b"\r\n", body), e, f'invalid Content-Length {v[:20]!r}', '9110 8.6')
add(g, 'same-list', post(b"Content-Length: 5, 5\r\n", body), 'safe', 'identical list: reject or collapse', '9110 8.6')
add(g, 'dup-same', post(b"Content-Length: 5\r\nContent-Length: 5\r\n", body), 'safe', 'identical duplicates: reject or collapse', '9110 8.6')
add(g, 'dup-diff', post(b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(SM), SM), 'reject', 'two different', '9112 6.3')
add(g, 'dup-diff2', post(b"Content-Length: %d\r\nContent-Length: 0\r\n" % len(SM), SM), 'reject', 'two different, reversed', '9112 6.3')
add(g, 'dup-empty', post(b"Content-Length: \r\nContent-Length: %d\r\n" % len(SM), SM), 'reject', 'empty then valid', '')
add(g, 'dup-obf', post(b"Content-Length: 0\r\nContent-Length : %d\r\n" % len(SM), SM), 'reject', 'second obfuscated by a space', '')
add(g, 'under', post(b"Content_Length: %d\r\nContent-Length: 0\r\n" % len(SM)), 'accept', 'underscore name is another header', '')
add(g, 'tab-colon', post(b"Content-Length\t: 5\r\n", body), 'reject', 'tab before colon', '9112 5.1')
for c in (0x00, 0x01, 0x0b, 0x0c, 0x0d, 0x1f, 0x7f, 0x85, 0xa0):
    add(g, f'pre-{c:02x}', post(b"Content-Length:" + bytes([c]) + b"5\r\n", body), 'reject', f'{c:#04x} before digits', '9110 8.6')
    add(g, f'post-{c:02x}', post(b"Content-Length: 5" + bytes([c]) + b"\r\n", body), 'reject', f'{c:#04x} after digits', '9110 8.6')
    add(g, f'name-{c:02x}', post(b"Content-Length" + bytes([c]) + b": 5\r\n", body), 'reject', f'{c:#04x} after name', '9112 5.1')
add(g, 'post-none', post(b""), 'safe', 'POST without CL or TE has an empty body (or 411)', '9112 6.3')
add(g, 'post-none-smuggle', post(b"") + SM, 'pipeline', 'POST without length: next bytes are a new request', '9112 6.3', n=2)

# ---- E Transfer-Encoding ------------------------------------------------------------------------------------------
g = 'te'
ck = b"5\r\n01234\r\n0\r\n\r\n"
add(g, 'ok', post(b"Transfer-Encoding: chunked\r\n", ck), 'accept', 'plain', '9112 7.1')
add(g, 'ok-case', post(b"tRANSFER-ENCODING: ChUnKeD\r\n", ck), 'accept', 'case-insensitive', '')
add(g, 'ok-ows', post(b"Transfer-Encoding: \t chunked \t\r\n", ck), 'accept', 'OWS', '')
for k, v in dict(xchunked=b"xchunked", chunkedx=b"chunkedx", chunk=b"chunk", cow=b"cow", identity=b"identity", gzip=b"gzip", gzipchunked=b"gzip, chunked", cowchunked=b"cow, chunked", idchunked=b"identity, chunked", chunkedid=b"chunked, identity", chunkedcow=b"chunked, cow", twice=b"chunked, chunked", lcomma=b",chunked", tcomma=b"chunked,", param=b"chunked;q=1", dq=b'"chunked"', sq=b"'chunked'", sp=b"chun ked", nested=b"cow chunked bar", empty=b"", b64=b"=?UTF-8?B?Y2h1bmtlZA==?=", accent=b"ch\x96nked", kelvin="chun\u212aed".encode()).items():
    add(g, 'val-' + k, post(b"Transfer-Encoding: " + v + b"\r\n", ck), 'reject', f'Transfer-Encoding {v!r}: 400/501 and close', '9112 6.1')
add(g, 'cl-te', post(b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\nG"), 'reject', 'CL+TE (strict: 400)', '9112 6.1', note='strict')
add(g, 'te-cl', post(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"2b\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nX: 012345\r\n0\r\n\r\n"), 'reject', 'TE+CL (strict: 400)', '9112 6.1', note='strict')
add(g, 'cl0-te', post(b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SM), 'reject', 'CL:0 + TE', '9112 6.1', note='strict')
add(g, 'dup', post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ck), 'reject', 'chunked applied twice', '9112 6.1')
add(g, 'dup-id', post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", ck), 'reject', 'chunked not last', '9112 6.1')
add(g, 'dup-rev', post(b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", ck), 'reject', 'unknown coding first', '9112 6.1')
add(g, 'http10', post(b"Transfer-Encoding: chunked\r\n", ck, b"POST {{P}} HTTP/1.0"), 'reject', 'TE on 1.0 (MUST treat framing as faulty)', '9112 6.1', note='strict')
add(g, 'http10-cl', post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"01234", b"POST {{P}} HTTP/1.0"), 'reject', 'TE+CL on 1.0', '9112 6.1', note='strict')
add(g, 'get', b"GET {{P}} HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 'safe', 'chunked GET', '')
add(g, 'under', post(b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", b"01234"), 'accept', 'underscore name is another header; CL rules', '')
add(g, 'space-name', post(b"Transfer Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), 'reject', 'space inside name', '')
add(g, 'fold', post(b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), 'reject', 'folded value + CL', '9112 5.2', note='strict')
add(g, 'hide-fold', post(b"X: x\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), 'reject', 'TE hidden in obs-fold', '9112 5.2', note='strict')
add(g, 'hide-cr', post(b"X: x\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), 'reject', 'TE after bare CR', '')
add(g, 'hide-lf', post(b"X: x\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), 'reject', 'TE after bare LF + CL', '')
for c in list(range(0x00, 0x09)) + list(range(0x0a, 0x20)) + [0x7f, 0x80, 0x82, 0x85, 0xa0, 0xad, 0xc2, 0xff]:
    b = bytes([c]); cl = b"Content-Length: 5\r\n"
    add(g, f'pre-{c:02x}', post(b"Transfer-Encoding:" + b + b"chunked\r\n" + cl, b"0\r\n\r\n"), 'reject', f'{c:#04x} before value', '9110 5.5')
    add(g, f'post-{c:02x}', post(b"Transfer-Encoding: chunked" + b + b"\r\n" + cl, b"0\r\n\r\n"), 'reject', f'{c:#04x} after value', '9110 5.5')
    add(g, f'name-{c:02x}', post(b"Transfer-Encoding" + b + b": chunked\r\n" + cl, b"0\r\n\r\n"), 'reject', f'{c:#04x} after name', '9112 5.1')
    add(g, f'lead-{c:02x}', post(b + b"Transfer-Encoding: chunked\r\n" + cl, b"0\r\n\r\n"), 'reject', f'{c:#04x} before name', '9112 5.1')
for c, k in ((0x20, '20'), (0x09, '09')):
    b = bytes([c])
    add(g, f'name-{k}', post(b"Transfer-Encoding" + b + b": chunked\r\n", ck), 'reject', f'{k} before colon', '9112 5.1')
    add(g, f'lead-{k}', post(b"X: x\r\n" + b + b"Transfer-Encoding: chunked\r\n", ck), 'reject', f'{k} before name = obs-fold', '9112 5.2', note='strict')

# ---- F chunked body ---------------------------------------------------------------------------------------------------
g = 'chunk'
def ch(b, h=b""): return post(b"Transfer-Encoding: chunked\r\n" + h, b)
add(g, 'ok-upper', ch(b"A\r\n0123456789\r\n0\r\n\r\n"), 'accept', 'upper hex', '9112 7.1')
add(g, 'ok-lower', ch(b"a\r\n0123456789\r\n0\r\n\r\n"), 'accept', 'lower hex', '')
add(g, 'ok-lead0', ch(b"005\r\n01234\r\n000\r\n\r\n"), 'safe', 'leading zeros', '9112 7.1')
add(g, 'ok-ext', ch(b"5;a=b;c\r\n01234\r\n0;z\r\n\r\n"), 'safe', 'extensions (ignored)', '9112 7.1.1')
add(g, 'ok-ext-q', ch(b'5;a="b;c"\r\n01234\r\n0\r\n\r\n'), 'safe', 'quoted extension', '')
add(g, 'ok-trailer', ch(b"5\r\n01234\r\n0\r\nX-T: v\r\n\r\n"), 'safe', 'trailer field (dropped)', '9112 7.1.2')
add(g, 'ok-split', [post(b"Transfer-Encoding: chunked\r\n"), b"5", b"\r", b"\n01", b"234\r\n0\r", b"\n\r\n"], 'accept', 'split at every boundary', '', pause=30)
for k, v in dict(hex=b"0x5", plus=b"+5", minus=b"-5", minus0=b"-0x0", under=b"0_5", sp=b" 5", tabp=b"\t5", spt=b"5 ", g=b"G", empty=b"", dot=b"5.0", comma=b"5,", p31=b"80000005", p32=b"100000005", p63=b"8000000000000005", p64=b"10000000000000005", f16=b"FFFFFFFFFFFFFFFF", f15=b"FFFFFFFFFFFFFFF", x7=b"7FFFFFFFFFFFFFFF", zeros=b"0" * 300 + b"5", junk=b"5these-bytes", nul=b"5\0", quote=b'"5"', a0=b"5\xa0", vt=b"5\x0b").items():
    e = 'reject'
    if k in ('zeros',): e = 'safe'
    if k in ('p31', 'p32', 'x7', 'p63', 'f15'): e = 'nohang'
    if k == 'spt': e = 'safe'
    add(g, 'size-' + k, ch(v + b"\r\n01234\r\n0\r\n\r\n" + (SM if e != 'nohang' else b"")), e, f'chunk-size {v[:20]!r}', '9112 7.1', n=2 if e == 'safe' else 1)
for k, v in dict(lf=b"5\n01234\r\n0\r\n\r\n", cr=b"5\r01234\r\n0\r\n\r\n", crcrlf=b"5\r\r\n01234\r\n0\r\n\r\n", ext_lf=b"5;a\n01234\r\n0\r\n\r\n", ext_cr=b"5;a\rb\r\n01234\r\n0\r\n\r\n", ext_nul=b"5;a\0b\r\n01234\r\n0\r\n\r\n", ext_lf_smug=b"2;\nxx\r\n2b\r\n0\r\n\r\n" + SM + b"\r\n0\r\n\r\n", sp_cr_semi=b"5\r\r;ABC\r\n01234\r\n0\r\n\r\n", dataXX=b"5\r\n01234XX0\r\n\r\n", data_lf=b"5\r\n01234\n0\r\n\r\n", data_cr=b"5\r\n01234\r0\r\n\r\n", data_none=b"5\r\n012340\r\n\r\n", short=b"6\r\n01234\r\n0\r\n\r\n", long=b"4\r\n01234\r\n0\r\n\r\n", extra_crlf=b"5\r\n01234\r\n\r\n0\r\n\r\n", lastXX=b"5\r\n01234\r\n0\r\nXX", last_lf=b"5\r\n01234\r\n0\n\n", last_crlf_x=b"5\r\n01234\r\n0\r\nX:POST /smuggled HTTP/1.1\r\n\r", tr_nocolon=b"0\r\nX\r\n\r\n", tr_sp=b"0\r\nX : v\r\n\r\n", tr_nul=b"0\r\nX: \0\r\n\r\n", tr_lf=b"0\r\nX: v\n\r\n", tr_fold=b"0\r\nX: v\r\n w\r\n\r\n", invalid_then_req=b"INVALID!!!\r\n" + SM).items():
    e = {'last_crlf_x': 'nohang', 'short': 'reject', 'tr_lf': 'reject'}.get(k, 'reject')
    add(g, 'frm-' + k.replace('_', '-'), ch(v), e, f'chunk framing {k}', '9112 7.1', note='strict' if k in ('lf', 'last_lf', 'tr_lf', 'data_lf', 'tr_fold') else None)
for k, v in dict(cl=b"Content-Length: 99", te=b"Transfer-Encoding: chunked", host=b"Host: evil", auth=b"Authorization: Bearer sk-evil", cookie=b"Cookie: a=b").items():
    add(g, 'trailer-' + k, ch(b"0\r\n" + v + b"\r\n\r\n"), 'safe', f'forbidden trailer {v!r}: dropped or 400, never merged', '9110 6.5.1')
add(g, 'ext-flood', ch(b"".join(b"1;" + b"x" * 900 + b"\r\na\r\n" for _ in range(3000)) + b"0\r\n\r\n"), 'reject', '3 000 one-byte chunks with 900-byte extensions (overhead limit)', 'CVE-2023-39326 class')
add(g, 'tiny-flood', ch(b"1\r\na\r\n" * 200000 + b"0\r\n\r\n"), 'safe', '200 000 one-byte chunks: accept or 400, bounded CPU', '')
add(g, 'trailer-flood', ch(b"0\r\n" + b"X: v\r\n" * 50000 + b"\r\n"), 'reject', '50 000 trailers', '')
add(g, 'sizeline-1m', ch(b"0" * 1000000), 'reject', '1 MB chunk-size line', '')
add(g, 'ext-1m', ch(b"5;" + b"a" * 1000000), 'reject', '1 MB extension', '')

# ---- G Expect, pipelining, connection -------------------------------------------------------------------------------------
g = 'flow'
add(g, 'expect-ok', [post(b"Content-Length: 5\r\nExpect: 100-continue\r\n"), body], 'accept100', 'Expect: 100-continue: 100 (or final) before the body', '9110 10.1.1', pause=300)
add(g, 'expect-unknown', post(b"Content-Length: 5\r\nExpect: 200-ok\r\n", body), 'safe', 'unknown expectation: 417 or ignored', '9110 10.1.1')
add(g, 'expect-obf', post(b"Content-Length: %d\r\nExpect: y 100-continue\r\n" % len(SM), SM), 'safe', 'obfuscated expect with body (0.CL desync class, Kettle 2025)', '', n=1)
add(g, 'expect-10', post(b"Content-Length: 5\r\nExpect: 100-continue\r\n", body, b"POST {{P}} HTTP/1.0"), 'accept', '1.0: no 100', '9110 10.1.1')
add(g, 'pipe-2', get() + get(), 'pipeline', 'two pipelined', '9112 9.3.2', n=2)
add(g, 'pipe-20', get() * 20, 'pipeline', 'twenty pipelined', '', n=20)
add(g, 'pipe-cl0', post(b"Content-Length: 0\r\n") + get(), 'pipeline', 'CL:0 then GET', '', n=2)
add(g, 'pipe-body', post(b"Content-Length: 5\r\n", body) + get(), 'pipeline', 'body then GET', '', n=2)
add(g, 'pipe-chunk', post(b"Transfer-Encoding: chunked\r\n", ck) + get(), 'pipeline', 'chunked then GET', '', n=2)
add(g, 'pipe-extra-crlf', post(b"Content-Length: 5\r\n", body + b"\r\n") + get(), 'pipeline', 'CRLF after body then GET (SHOULD ignore)', '9112 2.2', n=2)
add(g, 'bad-after-good', get() + b"BROKEN\r\n\r\n", 'goodbad', 'good then malformed: one 2xx, one 4xx, close', '', n=1)
add(g, 'close-extra', get(hdrs=H + b"Connection: close\r\n") + SM, 'accept', 'bytes after Connection: close are not answered', '9112 9.6')
add(g, 'after-error', b"GET {{P}} HTTP/1.1\r\nBad Header\r\n\r\n" + SM, 'reject', 'nothing is answered after a 400', '')
add(g, 'conn-auth', get(hdrs=H + b"Connection: close, Authorization, X-Api-Key\r\n"), 'accept', 'hop-by-hop abuse: must not strip the credential', '9110 7.6.1', note='with auth on, must still be authorised')
add(g, 'conn-te', post(b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", ck), 'safe', 'Connection names Transfer-Encoding', '')
add(g, 'upgrade-h2c', get(hdrs=H + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"), 'accept', 'h2c upgrade is ignored (no 101)', '9113 3.1')
add(g, 'upgrade-ws', get(hdrs=H + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"), 'safe', 'websocket upgrade ignored or refused', '')
add(g, 'eof-headers', b"GET {{P}} HTTP/1.1\r\nHost: a\r\nX-A", 'eof', 'EOF inside headers: no crash, nothing dispatched', '')
add(g, 'eof-body', post(b"Content-Length: 50\r\n", b"0123"), 'eof', 'EOF inside body: nothing dispatched upstream', '')
add(g, 'eof-chunk', ch(b"32\r\n0123"), 'eof', 'EOF inside a chunk', '')
add(g, 'byte-by-byte', get(hdrs=H + b"X-Y: z\r\n"), 'accept', 'one byte per segment', '', pause=2, bytewise=True)
add(g, 'h2-preface', b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex('000000040000000000'), 'nohang', 'prior-knowledge h2 on a clear port: h2 or 400', '9113 3.4')

with open(OUT, 'w') as f:
    for r in rows: f.write(json.dumps(r, ensure_ascii=True) + '\n')
from collections import Counter
print(len(rows), dict(Counter(r['group'] for r in rows)), dict(Counter(r['expect'] for r in rows)))
