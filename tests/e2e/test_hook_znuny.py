"""The hook of a real Znuny, as otrs-import sets it up."""
import time

import pytest

from mentiond_e2e.listener import SECRET, free_port
from mentiond_e2e.wait import until


@pytest.mark.weight(20)
def test_znuny_tells_of_an_agents_answer_and_of_nothing_else(bridge, znuny, say):
    port = free_port()
    bridge.daemon.config["listen"] = f"127.0.0.1:{port}"
    bridge.desk.update(poll_every="1h", hook_secret=bridge.daemon.secret("hook", SECRET))
    bridge.start()
    word, post, ticket = bridge.conversation()
    bridge.daemon.wait_quiet()

    znuny.hook(f"http://127.0.0.1:{port}/hook/desk", bridge.daemon.directory / "hook")
    try:
        others = {znuny.write(znuny.create(f"{word}p has nothing to do with us"), "a note that the customer may see"),
                  znuny.write(ticket, "for colleagues", public=False)}
        begun = time.monotonic()
        answer = znuny.write(ticket, f"Answer {word}r")
        assert not bridge.brand.posts()
        told = znuny.run_tasks()
        assert answer in told and not told & others
        bridge.alice.answer_of(post, f"{word}r")
        say(f"a real Znuny: {time.monotonic() - begun:.1f} s from an agent's note to the post, with the start of a process that makes the call")
    finally:
        znuny.unhook()
    until("all to be told", lambda: znuny.notes(ticket, subject="Reply posted"))
