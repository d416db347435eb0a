"""snac2, as its users see it, and what it really stored."""
import json
import os
import re
import subprocess
import uuid

from .http import request
from .wait import until

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def kept(post):
    """The id by which mentiond knows it: snac's begins with the time of the last edit."""
    return "0" * 10 + post["id"][10:]


def whole(path):
    """snac writes a note where the last one was: for a moment there is only half of it."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {"gone": True}
    except ValueError as e:
        raise AssertionError(str(e)) from e


class Snac:
    def __init__(self, directory, script):
        self.directory, self.script = directory, script
        info = json.loads((directory / "snac.json").read_text())
        self.base = info["base"]
        self.host = self.base.split("://")[1]
        self.alice = User(self, "alice", info["tokens"]["alice"])
        self.carol = User(self, "carol", info["tokens"]["carol"])

    def new_user(self, name):
        command = ["env", f"HOME={self.directory}", self.directory / "snac", "adduser", self.directory / "data", name]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--", *command]
        said = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
        password = re.search(r"^User password is (\S+)", said, re.M)[1]
        status, token = request("POST", self.base + "/oauth/x-snac-get-token", form={"login": name, "passwd": password})
        assert status == 200, f"no token for {name}: {status}"
        user = User(self, name, token.decode().strip() if isinstance(token, bytes) else str(token))
        user.password = password
        return user


class User:
    def __init__(self, snac, name, token):
        self.snac, self.name, self.token = snac, name, token
        self.actor = f"{snac.base}/{name}"
        self.handle = f"@{name}@{snac.host}"

    def call(self, method, path, **options):
        status, body = request(method, self.snac.base + path, headers={"Authorization": f"Bearer {self.token}", **options.pop("headers", {})},
                               **options)
        assert status == 200, f"snac refuses {method} {path}: {status} {body}"
        return body

    def post(self, text, visibility="public", reply_to=None, media=()):
        form = {"status": text, "visibility": visibility, "media_ids[]": list(media)}
        if reply_to:
            form["in_reply_to_id"] = reply_to if isinstance(reply_to, str) else reply_to["id"]
        return self.call("POST", "/api/v1/statuses", form=form)

    def upload(self, name, data, content_type, description=""):
        edge = uuid.uuid4().hex
        body = b"".join((
            f'--{edge}\r\nContent-Disposition: form-data; name="description"\r\n\r\n{description}\r\n'.encode(),
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {content_type}\r\n\r\n'.encode(),
            data, f"\r\n--{edge}--\r\n".encode()))
        return self.call("POST", "/api/v2/media", data=body, headers={"Content-Type": f"multipart/form-data; boundary={edge}"})["id"]

    def mentions(self):
        return self.call("GET", "/api/v1/notifications?types[]=mention&limit=64")

    def answers(self, post, holds=""):
        """Direct answers to the post."""
        id = post if isinstance(post, str) else post["id"]
        return [s for s in self.call("GET", f"/api/v1/statuses/{id}/context")["descendants"]
                if s["in_reply_to_id"] == id and holds in s["content"]]

    def posts(self, holds=""):
        """All that this user ever posted, as snac keeps it: ActivityPub objects."""
        found = []
        for path in (self.snac.directory / "data/user" / self.name / "private").glob("*.json"):
            note = until(f"all of {path.name}", lambda: whole(path))
            if note.get("attributedTo") == self.actor and holds in (note.get("content") or ""):
                found.append(note)
        return sorted(found, key=lambda n: n["id"])

    def answer_of(self, post, holds, timeout=20):
        """The one answer to the post that holds this."""
        def there():
            found = self.answers(post, holds)
            assert len(found) < 2, f"{len(found)} answers hold {holds}"
            return found[0] if found else None
        return until(f"an answer with {holds}", there, timeout)
