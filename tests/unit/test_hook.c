/* SPDX-License-Identifier: MIT
 * Signatures of calls from outside; those that vendors have published are in test_vectors.c. */
#include "host/hook.h"

#include "base/clock.h"
#include "base/mac.h"

#include <setjmp.h>
#include <cmocka.h>

#define SECRET "a secret of ours"

/* --- Calls: headers as "Name: value", parameters as "name=value" --- */

struct call {
        const char *lines[4];
};

static const char *value(const char *name, void *data)
{
        const struct call *c = data;
        size_t n = strlen(name);

        for (size_t i = 0; i < ELEMENTSOF(c->lines) && c->lines[i]; i++)
                if (startswith(c->lines[i], name) && (c->lines[i][n] == '=' || startswith(c->lines[i] + n, ": ")))
                        return c->lines[i] + n + (c->lines[i][n] == '=' ? 1 : 2);
        return NULL;
}

static const char *check(const struct mentiond_hook *hook, const char *secret, const char *line, const char *body)
{
        struct call c = { { line } };

        return hook_check(hook, secret, value, &c, body, strlen(body));
}

static char *signed_hex(enum mac_hash hash, const char *format, const char *data)
{
        uint8_t mac[MAC_MAX];
        _cleanup_free_ char *hex = mac_hex(mac, mac_of(hash, SECRET, data, strlen(data), mac));

        return xasprintf(format, hex);
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
        tiktok = { .signature = MENTIOND_HMAC_SHA256_TIMED, .header = "TikTok-Signature" },
        linkedin = { .signature = MENTIOND_HMAC_SHA256_HEX, .header = "X-LI-Signature", .prefix = "hmacsha256=",
                     .handshake = MENTIOND_CHALLENGE_CODE };

static void only_the_whole_signature_will_do(void **state)
{
        const char *body = "{\"ticket\":{}}";
        _cleanup_free_ char *good = signed_hex(MAC_SHA1, "X-Hub-Signature: sha1=%s", body), *bad = xstrdup(good),
                            *more = xasprintf("%s0", good);
        size_t size = strlen(good);
        (void) state;

        assert_null(check(&zammad, SECRET, good, body));
        assert_string_equal(check(&zammad, SECRET, good, "{\"ticket\":{} }"), "the signature is wrong");
        assert_string_equal(check(&zammad, "another secret of theirs", good, body), "the signature is wrong");
        assert_string_equal(check(&zammad, SECRET, NULL, body), "the signature is missing");
        assert_string_equal(check(&zammad, SECRET, "X-Hub-Signature: ", body), "the signature is missing");
        assert_string_equal(check(&zammad, SECRET, "X-Hub-Signature: sha1=", body), "the signature is wrong");
        assert_string_equal(check(&zammad, SECRET, more, body), "the signature is wrong");
        bad[size - 1] = bad[size - 1] == '0' ? '1' : '0';
        assert_string_equal(check(&zammad, SECRET, bad, body), "the signature is wrong");
        bad[size - 1] = '\0';
        assert_string_equal(check(&zammad, SECRET, bad, body), "the signature is wrong");
}

static void upper_case_and_a_missing_prefix_are_wrong(void **state)
{
        const char *body = "{}";
        _cleanup_free_ char *hex = signed_hex(MAC_SHA1, "%s", body), *bare = xasprintf("X-Hub-Signature: %s", hex), *upper = NULL;
        (void) state;

        assert_string_equal(check(&zammad, SECRET, bare, body), "the signature is wrong");
        for (char *p = hex; *p; p++)
                *p = (char) (*p >= 'a' ? *p - 32 : *p);
        upper = xasprintf("X-Hub-Signature: sha1=%s", hex);
        assert_string_equal(check(&zammad, SECRET, upper, body), "the signature is wrong");
}

/* One header's name stands for SHA-1 here and for SHA-256 there. */
static void form_is_chosen_by_the_endpoint(void **state)
{
        struct mentiond_hook stronger = zammad;
        const char *body = "{}";
        _cleanup_free_ char *sha1 = signed_hex(MAC_SHA1, "X-Hub-Signature: sha1=%s", body);
        _cleanup_free_ char *sha256 = signed_hex(MAC_SHA256, "X-Hub-Signature: sha256=%s", body);
        (void) state;

        stronger.signature = MENTIOND_HMAC_SHA256_HEX;
        stronger.prefix = "sha256=";
        assert_null(check(&stronger, SECRET, sha256, body));
        assert_non_null(check(&stronger, SECRET, sha1, body));
        assert_non_null(check(&zammad, SECRET, sha256, body));
}

static void without_a_secret_nothing_is_signed(void **state)
{
        uint8_t mac[MAC_MAX];
        _cleanup_free_ char *hex = mac_hex(mac, mac_of(MAC_SHA1, "", "{}", 2, mac)),
                            *line = xasprintf("X-Hub-Signature: sha1=%s", hex);
        (void) state;

        assert_string_equal(check(&zammad, "", line, "{}"), "the instance has no hook_secret");
        assert_string_equal(check(&telegram, "", "X-Telegram-Bot-Api-Secret-Token: ", "{}"), "the instance has no hook_secret");
}

static void plain_secret_is_compared(void **state)
{
        (void) state;

        assert_null(check(&telegram, SECRET, "X-Telegram-Bot-Api-Secret-Token: " SECRET, "{}"));
        assert_null(check(&telegram, SECRET, "X-Telegram-Bot-Api-Secret-Token: " SECRET, ""));
        assert_non_null(check(&telegram, SECRET, "X-Telegram-Bot-Api-Secret-Token: a secret of our", "{}"));
        assert_non_null(check(&telegram, SECRET, "X-Telegram-Bot-Api-Secret-Token: A secret of ours", "{}"));
}

/* --- Signatures with a time --- */

static int64_t now_usec;

static int64_t now(void)
{
        return now_usec;
}

static void no_random(void *p, size_t n)
{
        memset(p, 0, n);
}

static void signature_with_a_time_is_good_for_five_minutes(void **state)
{
        static const struct clock_source source = { now, now, no_random };
        _cleanup_free_ char *line = signed_hex(MAC_SHA256, "TikTok-Signature: t=1760000000,s=%s", "1760000000.{}");
        (void) state;

        clock_set_source(&source);
        for (int minutes = -6; minutes <= 6; minutes++) {
                now_usec = INT64_C(1760000000) * USEC_PER_SEC + minutes * USEC_PER_MINUTE;
                if (minutes >= -5 && minutes <= 5)
                        assert_null(check(&tiktok, SECRET, line, "{}"));
                else
                        assert_string_equal(check(&tiktok, SECRET, line, "{}"),
                                            "it was signed too long ago, or a clock is wrong");
        }
        now_usec = INT64_C(1760000000) * USEC_PER_SEC;
        assert_string_equal(check(&tiktok, SECRET, line, "{ }"), "the signature is wrong");
        clock_set_source(NULL);
}

static void signature_with_a_time_has_one_form(void **state)
{
        static const char *const lines[] = {
                "TikTok-Signature: s=00", "TikTok-Signature: t=", "TikTok-Signature: t=,s=00", "TikTok-Signature: t=1x,s=00",
                "TikTok-Signature: t=-1,s=00", "TikTok-Signature: t=1", "TikTok-Signature: t=11111111111111111111,s=00",
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_string_equal(check(&tiktok, SECRET, lines[i], "{}"), "the signature is not of the form t=SECONDS,s=HEX");
}

/* --- Handshakes --- */

static char *shake(const struct mentiond_hook *hook, const char *a, const char *b, const char *c)
{
        struct call call = { { a, b, c } };
        const char *type;

        return hook_handshake(hook, SECRET, "a token of ours", value, &call, &type);
}

static void hub_challenge_is_for_who_knows_the_token(void **state)
{
        const char *mode = "hub.mode=subscribe", *token = "hub.verify_token=a token of ours";
        _cleanup_free_ char *good = shake(&meta, mode, token, "hub.challenge=1158201444");
        (void) state;

        assert_string_equal(good, "1158201444");
        assert_null(shake(&meta, mode, "hub.verify_token=a token of theirs", "hub.challenge=1158201444"));
        assert_null(shake(&meta, mode, "hub.challenge=1158201444", NULL));
        assert_null(shake(&meta, "hub.mode=unsubscribe", token, "hub.challenge=1158201444"));
        assert_null(shake(&meta, mode, token, NULL));
        assert_null(shake(&meta, mode, token, "hub.challenge=<script>"));
        assert_null(shake(&zammad, mode, token, "hub.challenge=1158201444"));
}

/* Else anybody could have his call signed by asking for the answer to a challenge that reads as it. */
static void no_challenge_is_answered_that_could_be_a_call(void **state)
{
        _cleanup_free_ char *line = NULL, *answer = shake(&x, "crc_token=abc", NULL, NULL);
        const char *mac = strstr(answer, "sha256=");
        (void) state;

        assert_null(shake(&x, "crc_token={}", NULL, NULL));
        assert_null(shake(&linkedin, "challengeCode={\"a\":1}", NULL, NULL));
        assert_null(shake(&x, "crc_token=", NULL, NULL));
        assert_null(shake(&x, NULL, NULL, NULL));
        line = xasprintf("x-twitter-webhooks-signature: %.*s", (int) strcspn(mac, "\""), mac);
        assert_string_equal(check(&x, SECRET, line, "abc"), "the call is no JSON object");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_the_whole_signature_will_do),
                cmocka_unit_test(upper_case_and_a_missing_prefix_are_wrong),
                cmocka_unit_test(form_is_chosen_by_the_endpoint),
                cmocka_unit_test(without_a_secret_nothing_is_signed),
                cmocka_unit_test(plain_secret_is_compared),
                cmocka_unit_test(signature_with_a_time_is_good_for_five_minutes),
                cmocka_unit_test(signature_with_a_time_has_one_form),
                cmocka_unit_test(hub_challenge_is_for_who_knows_the_token),
                cmocka_unit_test(no_challenge_is_answered_that_could_be_a_call),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
