"""A crawl as browsers do it, through the cache, with nginx as the origin: pages, what they embed,
reloads, resumed downloads; every byte is what nginx would have sent."""
import gzip
import hashlib
import html.parser
import random
import re
import threading
import urllib.parse

from support.case import NginxCase

PAGES, IMAGES, CLIENTS = 12, 20, 6
BROWSER = {"Accept": "text/html,*/*;q=0.8", "Accept-Encoding": "gzip, deflate, br, zstd",
           "Accept-Language": "en-GB,en;q=0.7", "User-Agent": "Mozilla/5.0 (crawl)"}


class Links(html.parser.HTMLParser):
    """What a page links to, and what it embeds."""

    def __init__(self, page):
        super().__init__()
        self.links, self.embedded = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "a":
            self.links.append(attributes["href"])
        elif tag in ("img", "script", "link"):
            self.embedded.append(attributes.get("src") or attributes.get("href"))


class Browser:
    """One user: its own copies of what it saw, with their validators."""

    def __init__(self, edge, seed):
        self.edge, self.random = edge, random.Random(seed)
        self.copies, self.hits, self.asked, self.failures = {}, 0, 0, []

    def get(self, path, **fields):
        headers = BROWSER | {name.replace("_", "-"): value for name, value in fields.items()}
        status, answer, body = self.edge.get(path, headers=headers)
        self.asked += 1
        self.hits += "; hit" in answer["cache-status"] or "collapsed" in answer["cache-status"]
        return status, answer, body

    def load(self, path):
        """As a page or image is loaded: a copy that is here is validated."""
        etag, body = self.copies.get(path, (None, None))
        status, answer, received = self.get(path, **({"If_None_Match": etag} if etag else {}))
        if status == 304:
            return body
        assert status == 200, (path, status)
        if answer.get("content-encoding") == "gzip":
            received = gzip.decompress(received)
        self.copies[path] = (answer.get("etag"), received)
        return received

    def resume(self, path, length):
        """A download in pieces, each resumed with If-Range."""
        received, etag = b"", None
        while len(received) < length:
            last = min(length, len(received) + self.random.randrange(1, length)) - 1
            fields = {"Range": f"bytes={len(received)}-{last}"}
            if etag:
                fields["If_Range"] = etag
            status, answer, body = self.get(path, **fields)
            assert status == 206, (path, status)
            assert answer["content-range"].startswith(f"bytes {len(received)}-"), answer
            etag = answer["etag"]
            received += body
        return received

    def crawl(self, steps, check):
        try:
            path = "/site/page0.html"
            for _ in range(steps):
                page = self.load(path)
                check(path, page)
                links = Links(page.decode())
                for each in links.embedded:
                    check(urllib.parse.urljoin(path, each),
                          self.load(urllib.parse.urljoin(path, each)))
                if self.random.random() < 0.3:
                    check("/site/film.bin", self.resume("/site/film.bin", 300_000))
                path = urllib.parse.urljoin(path, self.random.choice(links.links))
        except Exception as error:  # seen by the test, not lost in a thread
            self.failures.append(error)


class Crawl(NginxCase):
    OPTIONS = {"edge.cache.default_ttl": "5m", "edge.cache.fill.range_bytes_max": "0"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        site = cls.nginx.root / "site"
        site.mkdir()
        draw = random.Random(3)
        cls.files = {"/site/film.bin": draw.randbytes(300_000)}
        for number in range(IMAGES):
            cls.files[f"/site/image{number}.png"] = draw.randbytes(draw.randrange(100, 60_000))
        cls.files["/site/style.css"] = b"body { color: black }\n" * 500
        cls.files["/site/app.js"] = b"console.log('weir');\n" * 3000
        for number in range(PAGES):
            links = "".join(f'<a href="page{draw.randrange(PAGES)}.html">on</a>' for _ in range(4))
            images = "".join(f'<img src="image{draw.randrange(IMAGES)}.png">' for _ in range(5))
            page = (f'<html><head><link href="style.css"><script src="app.js"></script></head>'
                    f'<body>{number}{links}{images}</body></html>')
            cls.files[f"/site/page{number}.html"] = page.encode()
        for path, content in cls.files.items():
            (cls.nginx.root / path.lstrip("/")).write_bytes(content)
        for each in (site, *site.iterdir()):
            each.chmod(0o755)

    def check(self, path, content):
        if content != self.files[path]:
            raise AssertionError(f"{path} is not what nginx has: "
                                 f"{hashlib.sha256(content).hexdigest()}")

    def asked_of_nginx(self):
        log = (self.nginx.root.parent / "access.log").read_text()
        return len(re.findall(r'"GET /site/', log))

    def test_what_browsers_load_validate_and_resume_is_what_nginx_has(self):
        browsers = [Browser(self.edge, seed) for seed in range(CLIENTS)]
        threads = [threading.Thread(target=browser.crawl, args=(25, self.check))
                   for browser in browsers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([failure for browser in browsers for failure in browser.failures], [])
        asked, hits = sum(b.asked for b in browsers), sum(b.hits for b in browsers)
        self.assertGreater(asked, 500)
        self.assertGreater(hits, asked * 0.8)
        # Each file once, and the film in some pieces: nginx hears little of all this.
        self.assertLess(self.asked_of_nginx(), asked / 5)
