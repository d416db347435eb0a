/* SPDX-License-Identifier: MIT */
#include "base/mac.h"

#include <setjmp.h>
#include <cmocka.h>

static char *hex_of(enum mac_hash hash, const char *key, const char *data)
{
        uint8_t mac[MAC_MAX];

        return mac_hex(mac, mac_of(hash, key, data, strlen(data), mac));
}

/* RFC 2202, test case 2. */
static void hmac_sha1_is_that_of_the_rfc(void **state)
{
        _cleanup_free_ char *text = hex_of(MAC_SHA1, "Jefe", "what do ya want for nothing?");
        (void) state;

        assert_string_equal(text, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

/* RFC 4231, test case 2. */
static void hmac_sha256_is_that_of_the_rfc(void **state)
{
        _cleanup_free_ char *text = hex_of(MAC_SHA256, "Jefe", "what do ya want for nothing?");
        (void) state;

        assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void nothing_has_a_mac_too_and_another_key_another_one(void **state)
{
        _cleanup_free_ char *a = hex_of(MAC_SHA256, "key", ""), *b = hex_of(MAC_SHA256, "kez", "");
        (void) state;

        assert_int_equal(strlen(a), 64);
        assert_string_not_equal(a, b);
}

/* RFC 4648, section 10. */
static void base64_is_that_of_the_rfc(void **state)
{
        static const char *const pairs[][2] = {
                { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
                { "foobar", "Zm9vYmFy" },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                _cleanup_free_ char *text = mac_base64((const uint8_t *) pairs[i][0], strlen(pairs[i][0]));

                assert_string_equal(text, pairs[i][1]);
        }
}

static void equal_is_what_has_each_character_and_no_more(void **state)
{
        (void) state;

        assert_true(mac_equal("", ""));
        assert_true(mac_equal("abc", "abc"));
        assert_false(mac_equal("abc", "abd"));
        assert_false(mac_equal("abc", "xbc"));
        assert_false(mac_equal("abc", "abC"));
        assert_false(mac_equal("abc", "ab"));
        assert_false(mac_equal("abc", "abcd"));
        assert_false(mac_equal("abc", ""));
}

static void random_keys_differ(void **state)
{
        _cleanup_free_ char *a = mac_random(32), *b = mac_random(32);
        (void) state;

        assert_int_equal(strlen(a), 64);
        assert_int_equal(strspn(a, "0123456789abcdef"), 64);
        assert_string_not_equal(a, b);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(hmac_sha1_is_that_of_the_rfc),
                cmocka_unit_test(hmac_sha256_is_that_of_the_rfc),
                cmocka_unit_test(nothing_has_a_mac_too_and_another_key_another_one),
                cmocka_unit_test(base64_is_that_of_the_rfc),
                cmocka_unit_test(equal_is_what_has_each_character_and_no_more),
                cmocka_unit_test(random_keys_differ),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
