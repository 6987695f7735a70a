"""URLs that must never lead to a request: they lead inside, or hide where they lead.

One list for every field of the API that takes a URL, and for each place that calls one.
"""

from __future__ import annotations

INSIDE_URLS = [
    # loopback and this host, in every spelling the C library takes
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0x7f.0.0.1/", "http://0x7f.1/", "http://0177.0.0.1/", "http://0177.1/", "http://017700000001/",
    "http://127.255.255.254/", "http://0/", "http://0.0.0.0/", "http://localhost/", "http://LOCALHOST/",
    "http://localhost./", "http://localtest.example/", "http://127.0.0.1.:80/", "https://127.0.0.1/",
    # full-width and dotless forms that IDNA folds to digits
    "http://１２７.０.０.１/", "http://127。0。0。1/", "http://ⓛocalhost/",
    # private, link-local, shared, benchmark, documentation, multicast, reserved
    "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/", "http://0xa9fea9fe/", "http://2852039166/", "http://0251.0376.0251.0376/",
    "http://metadata.example/", "http://intranet/", "http://198.18.0.1/", "http://192.0.2.1/", "http://198.51.100.1/",
    "http://203.0.113.1/", "http://192.0.0.1/", "http://192.88.99.1/", "http://224.0.0.1/", "http://239.255.255.250/",
    "http://240.0.0.1/", "http://255.255.255.255/",
    # IPv6: loopback, unspecified, mapped, compatible, translated, tunnelled, local, multicast, documentation
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:8.8.8.8]/", "http://[::127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::8.8.8.8]/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/", "http://[2002:808:808::1]/",
    "http://[2001:0:53aa:64c::1]/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[fd12:3456::1]/",
    "http://[fec0::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[100::1]/",
    # inside of clouds, at addresses that are routed as public ones
    "http://168.63.129.16/machine?comp=goalstate", "http://0xa83f8110/", "http://192.0.0.192/opc/v1/instance/",
    "http://192.0.0.9/", "http://100.100.100.200/latest/meta-data/", "http://199.36.153.4/", "http://199.36.153.11/",
    "http://161.26.0.7/", "http://166.9.48.1/", "http://166.11.255.255/", "http://192.31.196.1/", "http://192.175.48.1/",
    "http://192.52.193.1/", "http://169.254.170.2/v2/credentials", "http://169.254.0.23/", "http://[fd00:ec2::254]/",
    "http://[fd20:ce::254]/", "http://[2600:2d00:2:1000::1]/", "http://[2600:2d00:2:2000::1]/",
    # names of insides, whatever they resolve to
    "http://metadata.google.internal/computeMetadata/v1/", "http://METADATA.GOOGLE.INTERNAL./", "http://metadata.goog/",
    "http://instance-data.ec2.internal/", "http://printer.local/", "http://nas.home.arpa/",
    "http://router.lan/", "http://api.default.svc/", "http://internal/",
    # other schemes
    "file:///etc/passwd", "ftp://example.com/a", "gopher://127.0.0.1:70/_x", "dict://127.0.0.1:11211/", "data:,x",
    "javascript:alert(1)", "ldap://127.0.0.1/", "//example.com/x", "example.com/x", "concat:http://example.com/|x", "",
    # ports
    "http://example.com:22/", "http://example.com:25/", "http://example.com:5432/", "https://example.com:8443/",
    "http://example.com:0x50/", "http://example.com:99999/",
    # user information and confusion about where the host ends
    "http://user@example.com/", "http://user:pass@example.com/", "http://example.com@127.0.0.1/",
    "http://127.0.0.1@example.com/", "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/",
    "http://example.com\t/", "http://exam\nple.com/", "http://example.com\x00.evil/", "http://127.0.0.1%00.example.com/",
    "http://[::1%25eth0]/", "http://[fe80::1%eth0]/", "http://%31%32%37.0.0.1/", "http:///etc/passwd", "http://:80/",
    "http://a..b/", "http://.example.com/", "http://example..com/", f"http://{'a' * 64}.example/", "http://a.example../",
    f"http://{'abc.' * 64}example/",
    "http://exa mple.com/", "http://[::1/", "http://[127.0.0.1]/", "http://example.com:80:80/", "http://*/",
    "http://" + "a" * 5000 + "/",
    # an address inside of another, hosts that end at a fragment or a query, short and octal forms
    "http://[::ffff:0x7f.1]/", "http://[::ffff:127.0.0.1%25lo]/", "http://[0:0:0:0:0:ffff:10.0.0.1]/", "http://[::%31]/",
    "http://127.0.0.1:80#@example.com/", "http://127.0.0.1?@example.com/", "http://127.0.0.1;@example.com/",
    "http://example.com:80\\#@127.0.0.1:22/", "http://0300.0250.0.1/", "http://0xc0a80001/",
    "http://3232235521/", "http://192.168.257/", "http://10.1/", "http://0x0a.0x00.0x00.0x01/", "http://00000177.0.0.1/",
    # lines and headers that a URL may carry along
    "http://example.com/\r\nHost: 127.0.0.1", "http://example.com\r\n/", "http://127.0.0.1\r/", "http://example.com/%0d%0a\n",
    "\u2028http://127.0.0.1/", " http://127.0.0.1/", "http://\u200b127.0.0.1/", "http://127.0.0.1\u3002/",
    "http://\uff11\uff10.0.0.1/", "http://\u2460\u2461\u2466.0.0.1/", "http://[\uff1a\uff1a1]/", "http://localho\u017ft/",
]  # fmt: skip
