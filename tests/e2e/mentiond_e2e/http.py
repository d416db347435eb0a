"""HTTP requests, as few lines as do."""
import json
import urllib.error
import urllib.parse
import urllib.request

from .wait import SLOW

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request(method, url, *, as_json=None, form=None, data=None, headers=None, timeout=30):
    """Returns status and body, which is parsed if it is JSON."""
    headers = dict(headers or {}, **{"User-Agent": "mentiond-e2e"})
    if as_json is not None:
        data = json.dumps(as_json).encode()
        headers["Content-Type"] = "application/json"
    elif form is not None:
        data = urllib.parse.urlencode(form, doseq=True).encode()
    try:
        reply = opener.open(urllib.request.Request(url, data=data, headers=headers, method=method), timeout=timeout * SLOW)
    except urllib.error.HTTPError as e:
        reply = e
    with reply:
        body = reply.read()
        status = reply.status
    try:
        return status, json.loads(body)
    except ValueError:
        return status, body
