"""The configuration, and what is said of a wrong one.  Nothing here needs a server."""
import pytest

from mentiond_e2e.daemon import BUILD, mentiond, why_not

CONFIG = """\
state_directory = "{dir}/state";
control_socket = "{dir}/control";
plugin_directory = "{plugins}";

helpdesk = {{
    desk = {{
        plugin = "otrs";
        url = "https://desk.example.com/otrs/nph-genericinterface.pl/Webservice/mentiond";
        user = "mentiond";
        password = "file:{dir}/password";
        queue = "Social";
    }};
}};

channel = {{
    brand = {{
        plugin = "mastodon";
        server = "https://social.example.com";
        token = "file:{dir}/token";
        helpdesk = "desk";
        poll_every = "30s";
    }};
}};
"""


@pytest.fixture
def config(directory):
    """Writes the configuration with one change; returns the file, and the number of the line that was changed."""
    if why_not():
        pytest.skip(why_not())
    (directory / "token").write_text("very-secret-token\n")
    (directory / "password").write_text("very-secret-password\n")
    (directory / "empty").write_text("\n")
    (directory / "short").write_text("15 characters..\n")
    good = CONFIG.format(dir=directory, plugins=(BUILD / "plugins/.libs").resolve())

    def write(old="", new=""):
        assert old in good
        path = directory / "mentiond.conf"
        path.write_text(good.replace(old, new.format(dir=directory), 1) if old else good)
        return path, good[:good.index(old)].count("\n") + 1
    return write


def test_a_good_configuration_is_said_to_be_good(config):
    file, _ = config()
    assert mentiond("--check-config", "-c", file) == (0, f"{file}: ok: 1 helpdesk, 1 channel\n")


WRONG = {
    "unknown option with the nearest name": (
        'poll_every = "30s";', 'poll_evry = "30s";', 'brand: unknown option "poll_evry" (did you mean "poll_every"?)'),
    "unknown option of the helpdesk": ('queue = "Social";', 'quue = "Social";', 'desk: unknown option "quue" (did you mean "queue"?)'),
    "unknown option far from any": ('poll_every = "30s";', 'colour = "red";', 'brand: unknown option "colour"'),
    "bad duration": ('poll_every = "30s";', 'poll_every = "often";', 'brand: poll_every: "often" is no duration (as "30s", "5m", "2h", "7d")'),
    "duration out of bounds": ('poll_every = "30s";', 'poll_every = "1ms";', 'brand: poll_every: "1ms" is out of bounds'),
    "bad size": ('poll_every = "30s";', 'media_max = "big";', 'brand: media_max: "big" is no size'),
    "bad number": ('poll_every = "30s";', 'parallel = "many";', 'brand: parallel: "many" is no whole number'),
    "bad truth": ('poll_every = "30s";', 'media_private = "maybe";', 'brand: media_private: "maybe" is neither true nor false'),
    "bad address": ('"https://social.example.com"', '"social.example.com"', 'brand: server: "social.example.com" is no http or https URL'),
    "unknown plugin with the nearest name": ('plugin = "mastodon"', 'plugin = "mastodom"', '"mastodon"'),
    "plugin of the other kind": ('plugin = "mastodon"', 'plugin = "otrs"', 'brand: the plugin "otrs" is for a helpdesk'),
    "unknown helpdesk with the nearest name": (
        'helpdesk = "desk";', 'helpdesk = "dsk";', 'brand: there is no helpdesk "dsk" (did you mean "desk"?)'),
    "secret given as itself": (
        '"file:{dir}/token"', '"very-secret-token"',
        'brand: token: a secret is given as "credential:NAME", "file:PATH" or "env:NAME", never as itself'),
    "secret in a file that is not there": ('"file:{dir}/token"', '"file:{dir}/nowhere"', "/nowhere: No such file or directory"),
    "secret in a folder": ('"file:{dir}/token"', '"file:{dir}"', "brand: token: cannot read "),
    "empty secret": ('"file:{dir}/token"', '"file:{dir}/empty"', "brand: token: the secret file:"),
    "secret in a variable that is not there": ('"file:{dir}/token"', '"env:NO_SUCH_VARIABLE"', "the environment has no variable NO_SUCH_VARIABLE"),
    "syntax error": ('        helpdesk = "desk";', '        helpdesk = = "desk";', "syntax error"),
    "list where a value is wanted": ('queue = "Social";', 'queue = [ "Social" ];', "desk: queue: one value is wanted, and no list"),
    "pattern that is none": (
        'helpdesk = "desk";', 'helpdesk = "desk"; guard_patterns = {{ order = "[0-9"; }};', 'brand: guard_patterns.order: "[0-9" is no pattern: behind 4 bytes'),
    "not the web service, which the plugin knows": (
        "/otrs/nph-genericinterface.pl/Webservice/mentiond", "/otrs/index.pl", "url must end in nph-genericinterface.pl/Webservice/mentiond"),
    "listening on no address": (
        'control_socket =', 'listen = "localhost:8090";\ncontrol_socket =', "listen is no address with a port, as 127.0.0.1:8090"),
    "listening where others reach": (
        'control_socket =', 'listen = "0.0.0.0:8090";\ncontrol_socket =', "listen is an address that other machines reach: there is no TLS"),
    "hook_secret of a plugin without hooks": (
        'poll_every = "30s";', 'hook_secret = "file:{dir}/token";', 'brand: hook_secret: the plugin "mastodon" has no hooks'),
    "hook_secret that is too short": (
        'queue = "Social";', 'hook_secret = "file:{dir}/short";', "desk: hook_secret: the secret is shorter than 16 characters"),
    "hook_token that nobody asks for": (
        'queue = "Social";', 'hook_token = "file:{dir}/token";', 'desk: hook_token: the plugin "otrs" has no use for it'),
    "bad name": ("    brand = {{", "    *brand = {{", "brand: a name begins with a letter"),
}


@pytest.mark.parametrize("old, new, said", list(WRONG.values()), ids=list(WRONG))
def test_a_wrong_configuration_is_told_with_its_line(config, directory, old, new, said):
    file, line = config(old.format(dir=directory) if "{dir}" in old else old.replace("{{", "{"), new)
    status, text = mentiond("--check-config", "-c", file)
    assert status == 1
    assert said in text, text
    assert text.startswith(f"{file}:{line}: "), f"line {line} is not named: {text}"
    assert "very-secret" not in text, text
    # The daemon itself says the same, and does not start.
    assert mentiond("-c", file) == (1, text)


@pytest.mark.parametrize("listen", ['"127.0.0.1:8090"', '"[::1]:8090"', '"/run/mentiond/listen"', '"systemd"', '""',
                                    '"192.0.2.1:8090";\nlisten_public = true'])
def test_where_one_may_listen(config, listen):
    file, _ = config("control_socket =", f"listen = {listen};\ncontrol_socket =")
    assert mentiond("--check-config", "-c", file)[0] == 0


def test_what_is_required_is_told_with_the_line_of_its_instance(config):
    file, _ = config('        server = "https://social.example.com";\n', "")
    status, text = mentiond("--check-config", "-c", file)
    line = file.read_text()[:file.read_text().index("brand = ")].count("\n") + 1
    assert status == 1 and text.startswith(f'{file}:{line}: brand: "server" is missing'), text


def test_all_that_is_wrong_is_told_at_once(config):
    file, _ = config('poll_every = "30s";', 'poll_every = "often";\n        colour = "red";\n        hold = "x";')
    status, text = mentiond("--check-config", "-c", file)
    assert status == 1 and len(text.splitlines()) == 3, text


def test_a_file_that_is_not_there_is_told(directory):
    if why_not():
        pytest.skip(why_not())
    status, text = mentiond("-c", directory / "nowhere.conf")
    assert status == 1 and "nowhere.conf" in text and "No such file" in text, text


def test_two_instances_of_one_name_are_told(config):
    file, _ = config("    brand = {{".replace("{{", "{"), "    desk = {{")
    status, text = mentiond("--check-config", "-c", file)
    assert status == 1 and "desk: there is another instance of this name" in text, text


@pytest.mark.parametrize("plugin", ["mastodon", "otrs"])
def test_describe_shows_a_plugins_options_and_no_secret(config, plugin):
    file, _ = config()
    status, text = mentiond("-c", file, "--describe", plugin)
    assert status == 0 and "required" in text and "poll_every" in text
    assert ("\n  token " in text) == (plugin == "mastodon")
    assert "very-secret" not in text
    status, text = mentiond("-c", file, "--describe", "mastodonn")
    assert status == 1 and "mastodon" in text
