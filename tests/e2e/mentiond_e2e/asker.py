"""Has the plugin of a helpdesk asked directly: the plugin "review" of tests/plugins stands before it."""
import base64
import json

from . import doctor

STANDS, TURNED_INTERNAL, TAKEN_BACK = 1, 2, 3
OK, REJECTED, GONE = 0, 4, 5


class Asker:
    """For a daemon that is not started yet."""

    def __init__(self, daemon, name="desk"):
        self.daemon, self.name = daemon, name
        config = daemon.config["helpdesk"][name]
        self.asks = daemon.directory / "asks"
        daemon.env.update(MENTIOND_TEST_DESK=str(daemon.use_test_plugins() / f"{config['plugin']}.so"), MENTIOND_TEST_ASKS=str(self.asks))
        config["plugin"] = "review"

    def ask(self, *words):
        self.asks.write_text(" ".join(map(str, words)) + "\n")
        assert doctor.run(self.daemon, "doctor", self.name).line("ok", "asked")
        [answer] = map(json.loads, self.asks.with_suffix(".out").read_text().splitlines())
        return answer

    def review(self, ticket, article):
        """What was found; its files as [(name, type, bytes or None, size)]."""
        found = self.ask("review", ticket, article)
        assert found["verdict"] == OK, found
        for kind in "attachments", "internal_attachments":
            found[kind] = [(a["name"], a["type"], base64.b64decode(a["data"]) if "data" in a else None, a["size"]) for a in found[kind]]
        return found

    def standing(self, ticket, article):
        return self.review(ticket, article)["standing"]

    def close(self, ticket):
        return self.ask("close", ticket)["verdict"]
