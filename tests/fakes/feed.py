"""A site with a feed: RSS 2.0, RSS 1.0 or Atom, as sites have them, with their habits and defects."""
import email.utils
import hashlib
import html
import time

from .server import Answer, Model


class Item:
    def __init__(self, n, title, body="", guid=None, link=None, date=None, author=None):
        self.title, self.body, self.author = title, body, author
        self.guid = f"tag:site,{n}" if guid is None else guid
        self.link = f"/posts/{n}" if link is None else link
        self.date = time.time() if date is None else date            # seconds, or a text as it is, or "" for none


class Feed(Model):
    """kind: rss, rdf or atom.  What it does may be changed at any time: window (items shown), order, encoding, doctype, raw (bytes in
    place of the document), status and headers of the answer, validators (whether it has ETag and Last-Modified)."""

    path = "/blog/feed/"

    def __init__(self, kind="rss"):
        super().__init__()
        self.kind, self.items, self.asked = kind, [], []
        self.window, self.order, self.encoding, self.doctype = 10, lambda items: items, "utf-8", ""
        self.raw, self.status, self.headers, self.validators, self.type = None, 200, {}, True, "application/xml"

    def publish(self, title, body="", **more):
        with self.lock:
            self.items.insert(0, Item(len(self.items) + 1, title, body, **more))
            return self.items[0]

    def document(self):
        shown = "".join(map(getattr(self, "item_" + self.kind), self.order(self.items[:self.window])))
        head = f'<?xml version="1.0" encoding="{self.encoding}"?>\n{self.doctype}'
        return (head + {"rss": f"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:a="http://www.w3.org/2005/Atom"><channel><title>Site</title>
  <link>http://site/</link><a:link rel="self" href="http://site/feed"/>{shown}</channel></rss>""",
                        "rdf": f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://site/"><title>Site</title></channel>{shown}</rdf:RDF>""",
                        "atom": f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Site</title><id>tag:site</id><link href="http://site/"/>
  <author><name>Site Team</name></author>{shown}</feed>"""}[self.kind]).encode(self.encoding, "xmlcharrefreplace")

    def item_rss(self, i):
        date = email.utils.formatdate(i.date, usegmt=True) if isinstance(i.date, (int, float)) else i.date
        return f"""<item><itunes:title>Not this</itunes:title><title>{html.escape(i.title)}</title>""" + \
            (f"<link>{html.escape(i.link)}</link>" if i.link else "") + \
            (f'<guid isPermaLink="false">{html.escape(i.guid)}</guid>' if i.guid else "") + (f"<pubDate>{date}</pubDate>" if date else "") + \
            (f"<dc:creator>{html.escape(i.author)}</dc:creator>" if i.author else "") + \
            f"<description><![CDATA[{i.body}]]></description></item>\n"

    def item_rdf(self, i):
        return f"""<item rdf:about="{html.escape(i.guid)}"><title>{html.escape(i.title)}</title><link>{html.escape(i.link)}</link>
  <dc:date>{self.iso(i.date)}</dc:date><description>{html.escape(i.body)}</description></item>"""

    def item_atom(self, i):
        return f"""<entry><link rel="enclosure" href="/sound.mp3"/><link href="{html.escape(i.link)}"/><id>{html.escape(i.guid)}</id>
  <title type="html">{html.escape(html.escape(i.title))}</title><updated>{self.iso(i.date)}</updated>
  <content type="html">{html.escape(i.body)}</content>""" + (f"<author><name>{html.escape(i.author)}</name></author>" if i.author else "") + "</entry>"

    def iso(self, date):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(date)) if isinstance(date, (int, float)) else date

    def handle(self, request):
        self.asked.append(request)
        if request.path != self.path or request.method != "GET":
            return Answer(404, text="not here")
        body = self.document() if self.raw is None else self.raw
        tag = f'W/"{hashlib.sha1(body).hexdigest()}"'
        headers = {"Date": email.utils.formatdate(usegmt=True), **({"ETag": tag, "Last-Modified": f"tag {tag}"} if self.validators else {}), **self.headers}
        if self.status == 200 and self.validators and request.headers.get("If-None-Match") == tag:
            return Answer(304, text="", headers=headers)
        return Answer(self.status, text=body, headers=headers, content_type=self.type)
