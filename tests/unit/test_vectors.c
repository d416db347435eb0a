/* SPDX-License-Identifier: MIT
 * Hooks as vendors sign them: calls and handshakes from the folder of their contracts, which MENTIOND_SHARED names. */
#include "host/hook.h"

#include "base/clock.h"

#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

struct call {
        const char *lines[4];
};

static char *folder;

static const char *value(const char *name, void *data)
{
        const struct call *c = data;
        size_t n = strlen(name);

        for (size_t i = 0; i < ELEMENTSOF(c->lines) && c->lines[i]; i++)
                if (startswith(c->lines[i], name) && (c->lines[i][n] == '=' || startswith(c->lines[i] + n, ": ")))
                        return c->lines[i] + n + (c->lines[i][n] == '=' ? 1 : 2);
        return NULL;
}

static const struct mentiond_hook
        zammad = { .signature = MENTIOND_HMAC_SHA1_HEX, .header = "X-Hub-Signature", .prefix = "sha1=" },
        meta = {
                .signature = MENTIOND_HMAC_SHA256_HEX, .header = "X-Hub-Signature-256", .prefix = "sha256=",
                .handshake = MENTIOND_HUB_CHALLENGE,
        },
        x = { .signature = MENTIOND_HMAC_SHA256_BASE64, .header = "x-twitter-webhooks-signature", .prefix = "sha256=",
              .handshake = MENTIOND_CRC_TOKEN },
        telegram = { .signature = MENTIOND_PLAIN, .header = "X-Telegram-Bot-Api-Secret-Token" },
        discourse = { .signature = MENTIOND_HMAC_SHA256_HEX, .header = "X-Discourse-Event-Signature", .prefix = "sha256=" },
        tiktok = { .signature = MENTIOND_HMAC_SHA256_TIMED, .header = "TikTok-Signature" },
        linkedin = { .signature = MENTIOND_HMAC_SHA256_HEX, .header = "X-LI-Signature", .handshake = MENTIOND_CHALLENGE_CODE };

static int64_t now_usec;

static int64_t now(void)
{
        return now_usec;
}

static void no_random(void *p, size_t n)
{
        memset(p, 0, n);
}

static char *text_of(const char *name, size_t *ret_size)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
        char *text;

        assert_int_equal(read_file(path, 1024 * 1024, &text, ret_size), 0);
        return text;
}

/* What stands behind a word in the first line that begins with another, up to a blank; malloced. */
static char *after(const char *text, const char *begin, const char *word)
{
        for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (startswith(line, begin)) {
                        const char *found = strstr(line, word);

                        assert_non_null(found);
                        return xstrndup(found + strlen(word), strcspn(found + strlen(word), " \n"));
                }
        fail_msg("there is no line \"%s\"", begin);
        return NULL;
}

static void vendors_calls_are_taken_and_a_changed_byte_is_not(void **state)
{
        static const struct {
                const struct mentiond_hook *hook;
                const char *file;
        } calls[] = {
                { &meta, "meta_feed_comment.json" }, { &meta, "meta_ig_comment_changes.json" },
                { &meta, "meta_ig_comment_flat.json" },
                { &meta, "empty.bin" }, { &x, "x_aaa.json" }, { &zammad, "zammad.json" }, { &discourse, "discourse_post.json" },
                { &telegram, "telegram_update.json" },
        };
        _cleanup_free_ char *vectors = text_of("VECTORS.txt", NULL), *secret = after(vectors, "secret=", "secret=");
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                const struct mentiond_hook *hook = calls[i].hook;
                _cleanup_free_ char *begin = xasprintf("%s %s: ", calls[i].file, hook->header),
                                    *given = after(vectors, begin, ": ");
                _cleanup_free_ char *line = xasprintf("%s: %s", hook->header, given), *body = NULL;
                struct call c = { { line } };
                size_t size;

                body = text_of(calls[i].file, &size);
                assert_null(hook_check(hook, secret, value, &c, body, size));
                if (hook->signature == MENTIOND_PLAIN || size == 0)
                        continue;
                body[size / 2] ^= 1;
                assert_string_equal(hook_check(hook, secret, value, &c, body, size), "the signature is wrong");
        }
}

/* The older form of Meta's, and WebSub's: the same header as Zammad's. */
static void sha1_calls_of_others_are_taken_where_that_is_configured(void **state)
{
        _cleanup_free_ char *vectors = text_of("VECTORS.txt", NULL), *secret = after(vectors, "secret=", "secret=");
        _cleanup_free_ char *given = after(vectors, "meta_feed_comment.json X-Hub-Signature: ", ": "),
                            *line = xasprintf("X-Hub-Signature: %s", given);
        struct call c = { { line } };
        size_t size;
        _cleanup_free_ char *body = text_of("meta_feed_comment.json", &size);
        (void) state;

        assert_null(hook_check(&zammad, secret, value, &c, body, size));
        assert_string_equal(hook_check(&meta, secret, value, &c, body, size), "the signature is missing");
}

static void vendors_handshakes_are_answered(void **state)
{
        _cleanup_free_ char *vectors = text_of("VECTORS.txt", NULL), *secret = after(vectors, "secret=", "secret=");
        _cleanup_free_ char *token = after(vectors, "crc_token=MDE", "crc_token="),
                            *mac = after(vectors, "crc_token=MDE", "response_token ");
        _cleanup_free_ char *code = after(vectors, "linkedin ", "challengeCode="),
                            *response = after(vectors, "linkedin ", "challengeResponse=");
        _cleanup_free_ char *asked = xasprintf("crc_token=%s", token), *asked_code = xasprintf("challengeCode=%s", code);
        _cleanup_free_ char *wanted = xasprintf("{\"response_token\":\"%s\"}", mac);
        _cleanup_free_ char *wanted_code = xasprintf("{\"challengeCode\":\"%s\",\"challengeResponse\":\"%s\"}", code, response);
        _cleanup_free_ char *simple = after(vectors, "crc_token=challenge_string", "response "), *answer = NULL, *other = NULL,
                            *third = NULL;
        const char *type;
        (void) state;

        answer = hook_handshake(&x, secret, "", value, &(struct call) { { asked } }, &type);
        assert_string_equal(answer, wanted);
        assert_string_equal(type, "application/json");
        other = hook_handshake(&linkedin, secret, "", value, &(struct call) { { asked_code } }, &type);
        assert_string_equal(other, wanted_code);
        third = hook_handshake(&x, secret, "", value, &(struct call) { { "crc_token=challenge_string" } }, &type);
        assert_string_equal(third, simple);
}

static void vendors_signature_with_a_time_is_taken_in_its_time(void **state)
{
        static const struct clock_source source = { now, now, no_random };
        _cleanup_free_ char *vectors = text_of("VECTORS.txt", NULL), *secret = after(vectors, "secret=", "secret=");
        _cleanup_free_ char *given = after(vectors, "tiktok ", "TikTok-Signature: "),
                            *line = xasprintf("TikTok-Signature: %s", given);
        size_t size;
        _cleanup_free_ char *body = text_of("discourse_post.json", &size);
        struct call c = { { line } };
        (void) state;

        now_usec = INT64_C(1760000000) * USEC_PER_SEC;
        clock_set_source(&source);
        assert_null(hook_check(&tiktok, secret, value, &c, body, size));
        clock_set_source(NULL);
        assert_string_equal(hook_check(&tiktok, secret, value, &c, body, size),
                            "it was signed too long ago, or a clock is wrong");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(vendors_calls_are_taken_and_a_changed_byte_is_not),
                cmocka_unit_test(sha1_calls_of_others_are_taken_where_that_is_configured),
                cmocka_unit_test(vendors_handshakes_are_answered),
                cmocka_unit_test(vendors_signature_with_a_time_is_taken_in_its_time),
        };

        folder = xasprintf("%s/contracts/webhooks", strempty(getenv("MENTIOND_SHARED")));
        if (access(folder, R_OK) < 0) {
                puts("1..0 # SKIP MENTIOND_SHARED names no folder with contracts/webhooks");
                free(folder);
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
