/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"

#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* Instead of libsystemd's. */
static char journal[8192];
static int journal_result;
int sd_journal_sendv(const struct iovec *iov, int n);
int sd_journal_sendv(const struct iovec *iov, int n)
{
        journal[0] = '\0';
        for (int i = 0; i < n; i++)
                sprintf(journal + strlen(journal), "%.*s\n", (int) iov[i].iov_len, (const char *) iov[i].iov_base);
        return journal_result;
}

static char caught[8192];
static int caught_level;

static void catch(int level, const char *line, void *data)
{
        assert_ptr_equal(data, caught);
        caught_level = level;
        snprintf(caught, sizeof(caught), "%s", line);
}

static int setup(void **state)
{
        (void) state;
        caught[0] = journal[0] = '\0';
        journal_result = 0;
        log_set_level(LOG_INFO);
        log_set_sink(catch, caught);
        unsetenv("JOURNAL_STREAM");
        return 0;
}

static void line_is_message_and_logfmt_fields(void **state)
{
        (void) state;
        errno = ENOENT;
        log_event(LOG_INFO, "reply posted", F("instance", "brand"), FI("attempt", 2), F("reason", "two words"));
        assert_string_equal(caught, "info: reply posted instance=brand attempt=2 reason=\"two words\"");
        assert_int_equal(caught_level, LOG_INFO);
        assert_int_equal(errno, ENOENT);
        log_event(LOG_ERR, "stopped");
        assert_string_equal(caught, "error: stopped");
        log_printf(LOG_WARNING, "%d of %s", 3, "x");
        assert_string_equal(caught, "warning: 3 of x");
        log_event(LOG_NOTICE, "n", FI("low", INT64_MIN));
        assert_string_equal(caught, "notice: n low=-9223372036854775808");
}

static void values_are_quoted_where_they_could_be_misread(void **state)
{
        static const struct {
                const char *value, *shown;
        } cases[] = {
                { "plain", "plain" },
                { "", "\"\"" },
                { NULL, "\"\"" },
                { "a b", "\"a b\"" },
                { "a=b", "\"a=b\"" },
                { "a\"b", "\"a\\\"b\"" },
                { "say \"hi\"", "\"say \\\"hi\\\"\"" },
                { "x\ninfo: forged", "\"x\\ninfo: forged\"" },
                { "a\\b", "a\\b" },
                { "a\\ b", "\"a\\\\ b\"" },
                { "caf\xc3\xa9", "caf\xc3\xa9" },
                { "bad\xff", "\"bad\\xff\"" },
                { "\x1b[31m", "\"\\u001b[31m\"" },
                { "\xe2\x80\xae" "abc", "\"\\u202eabc\"" },
                { "\xc2\x9b", "\"\\u009b\"" },
                { "\xe2\x80\xa8", "\"\\u2028\"" },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *expected = xasprintf("info: m v=%s", cases[i].shown);

                log_event(LOG_INFO, "m", F("v", cases[i].value));
                assert_string_equal(caught, expected);
        }
}

static void message_cannot_forge_a_line(void **state)
{
        (void) state;
        log_printf(LOG_INFO, "a\nerror: b\r");
        assert_string_equal(caught, "info: a\\nerror: b\\r");
}

static void long_value_is_cut(void **state)
{
        _cleanup_free_ char *value = xmalloc(100001);
        (void) state;

        memset(value, 'x', 100000);
        value[100000] = '\0';
        log_event(LOG_INFO, "m", F("v", value));
        assert_int_equal(strlen(caught), strlen("info: m v=") + 2048);
}

static void level_decides(void **state)
{
        (void) state;
        log_event(LOG_DEBUG, "hidden");
        assert_string_equal(caught, "");
        log_set_level(log_level_from_string("debug"));
        log_event(LOG_DEBUG, "shown");
        assert_string_equal(caught, "debug: shown");
        log_set_level(log_level_from_string("error"));
        log_printf(LOG_WARNING, "hidden");
        assert_string_equal(caught, "debug: shown");
        assert_int_equal(log_level_from_string("warning"), LOG_WARNING);
        assert_int_equal(log_level_from_string("info"), LOG_INFO);
        assert_int_equal(log_level_from_string("loud"), -EINVAL);
        assert_int_equal(log_level_from_string(""), -EINVAL);
}

static void escape_never_exceeds_its_maximum(void **state)
{
        static const struct {
                const char *text;
                size_t max;
                const char *shown;
        } cases[] = {
                { "abc", 3, "abc" },
                { "abcdef", 5, "ab\xe2\x80\xa6" },
                { "abcdef", 2, "" },
                { "", 0, "" },
                { "abc", 0, "" },
                { "a\nb", 100, "a\\nb" },
                { "ab\n", 3, "\xe2\x80\xa6" },
                { "a\xc3\xa9\xc3\xa9\xc3\xa9", 6, "a\xc3\xa9\xe2\x80\xa6" },
                { "say \"a\\b\"", 100, "say \"a\\b\"" },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = log_escape(cases[i].text, cases[i].max);

                assert_string_equal(s, cases[i].shown);
        }
}

/* One line with stderr at fd; with as_journal, as systemd starts a service whose stderr is the journal. */
static void log_to(int fd, bool as_journal)
{
        int saved = dup(STDERR_FILENO);
        struct stat st;

        log_set_sink(NULL, NULL);
        assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
        if (as_journal) {
                assert_int_equal(fstat(STDERR_FILENO, &st), 0);
                _cleanup_free_ char *stream = xasprintf("%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
                setenv("JOURNAL_STREAM", stream, 1);
        }
        log_event(LOG_WARNING, "reply held", F("instance", "brand"), F("reason", "a\nb"), FI("attempt", 3));
        dup2(saved, STDERR_FILENO);
        close(saved);
}

static const char expected_line[] = "warning: reply held instance=brand reason=\"a\\nb\" attempt=3\n";

static void pipe_gets_the_bare_line(void **state)
{
        char text[1024] = "";
        struct stat st;
        int fds[2];
        (void) state;

        assert_int_equal(pipe(fds), 0);
        /* Another stream than stderr: the same inode of another device. */
        assert_int_equal(fstat(fds[1], &st), 0);
        _cleanup_free_ char *other = xasprintf("%ju:%ju", (uintmax_t) st.st_dev + 1, (uintmax_t) st.st_ino);
        setenv("JOURNAL_STREAM", other, 1);
        log_to(fds[1], false);
        assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
        assert_string_equal(text, expected_line);
        assert_string_equal(journal, "");
        close(fds[0]);
        close(fds[1]);
}

static int64_t fixed_utc(void)
{
        return INT64_C(1795309323045678);
}

static void file_gets_the_time_too(void **state)
{
        const struct clock_source source = { .utc_usec = fixed_utc };
        char text[1024] = "", path[] = "/tmp/mentiond-test-log.XXXXXX";
        int fd = mkstemp(path);
        (void) state;

        assert_true(fd >= 0);
        unlink(path);
        clock_set_source(&source);
        log_to(fd, false);
        clock_set_source(NULL);
        assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
        assert_true(startswith(text, "2026-11-22T01:02:03.045Z "));
        assert_string_equal(text + 25, expected_line);
        close(fd);
}

static void journal_gets_native_fields(void **state)
{
        char text[1024] = "";
        int fds[2];
        (void) state;

        assert_int_equal(pipe(fds), 0);
        log_to(fds[1], true);
        assert_string_equal(journal, "MESSAGE=reply held instance=brand reason=\"a\\nb\" attempt=3\n"
                                     "PRIORITY=4\n"
                                     "MENTIOND_EVENT=reply held\n"
                                     "MENTIOND_INSTANCE=brand\n"
                                     "MENTIOND_REASON=a\nb\n"
                                     "MENTIOND_ATTEMPT=3\n");

        journal_result = -EIO;                 /* and stderr what the journal refuses */
        log_to(fds[1], true);
        assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
        assert_string_equal(text, expected_line);
        close(fds[0]);
        close(fds[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(line_is_message_and_logfmt_fields, setup),
                cmocka_unit_test_setup(values_are_quoted_where_they_could_be_misread, setup),
                cmocka_unit_test_setup(message_cannot_forge_a_line, setup),
                cmocka_unit_test_setup(long_value_is_cut, setup),
                cmocka_unit_test_setup(level_decides, setup),
                cmocka_unit_test_setup(escape_never_exceeds_its_maximum, setup),
                cmocka_unit_test_setup(pipe_gets_the_bare_line, setup),
                cmocka_unit_test_setup(file_gets_the_time_too, setup),
                cmocka_unit_test_setup(journal_gets_native_fields, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
