/* SPDX-License-Identifier: MIT
 *
 * Hooks.  Owns nothing.  Called by admin/listener.
 *
 * The form of a signature is the endpoint's, whatever the request offers: one header means SHA-1 here and SHA-256 there.  The
 * whole value of the header is compared with what it has to be, so that there is nothing to be decoded.
 */
#include "host/hook.h"

#include "base/clock.h"
#include "base/mac.h"

char *hook_sign(uint32_t form, const char *secret, const void *data, size_t size)
{
        bool sha1 = form == MENTIOND_HMAC_SHA1_HEX || form == MENTIOND_HMAC_SHA1_BASE64;
        uint8_t mac[MAC_MAX];
        size_t n;

        if (form == MENTIOND_PLAIN)
                return xstrdup(secret);
        n = mac_of(sha1 ? MAC_SHA1 : MAC_SHA256, secret, data, size, mac);
        return form == MENTIOND_HMAC_SHA256_BASE64 || form == MENTIOND_HMAC_SHA1_BASE64 ? mac_base64(mac, n) : mac_hex(mac, n);
}

/* Malloced. */
static char *joined(const char *a, size_t a_size, const char *b, size_t b_size)
{
        char *text = xmalloc(a_size + b_size + 1);

        memcpy(text, a, a_size);
        memcpy(text + a_size, b, b_size);
        text[a_size + b_size] = '\0';
        return text;
}

/* "t=1760000000,s=HEX", of "1760000000." and the body. */
static const char *check_timed(const char *secret, const char *given, const char *body, size_t size)
{
        size_t digits = startswith(given, "t=") ? strspn(given + 2, "0123456789") : 0;
        _cleanup_free_ char *head = NULL, *whole = NULL, *mac = NULL, *wanted = NULL;
        int64_t age;

        if (digits == 0 || digits > 12 || given[2 + digits] != ',')
                return "the signature is not of the form t=SECONDS,s=HEX";
        head = xasprintf("%.*s.", (int) digits, given + 2);
        whole = joined(head, digits + 1, body, size);
        mac = hook_sign(MENTIOND_HMAC_SHA256_HEX, secret, whole, digits + 1 + size);
        wanted = xasprintf("t=%.*s,s=%s", (int) digits, given + 2, mac);
        if (!mac_equal(wanted, given))
                return "the signature is wrong";
        age = utc_usec() - strtoll(given + 2, NULL, 10) * USEC_PER_SEC;
        return age > HOOK_AGE_MAX_USEC || age < -HOOK_AGE_MAX_USEC ? "it was signed too long ago, or a clock is wrong" : NULL;
}

const char *hook_check(const struct mentiond_hook *hook, const char *secret, hook_value_fn header, void *data,
                       const char *body, size_t size)
{
        const char *given = header(hook->header, data);
        _cleanup_free_ char *signature = NULL, *wanted = NULL;

        if (isempty(secret))
                return "the instance has no hook_secret";
        if (isempty(given))
                return "the signature is missing";
        /* Whoever answers any challenge signs what he is asked to: no challenge may pass for a call (see is_challenge). */
        if ((hook->handshake == MENTIOND_CRC_TOKEN || hook->handshake == MENTIOND_CHALLENGE_CODE) && *body != '{')
                return "the call is no JSON object";
        if (hook->signature == MENTIOND_HMAC_SHA256_TIMED)
                return check_timed(secret, given, body, size);
        signature = hook_sign(hook->signature, secret, body, size);
        wanted = xasprintf("%s%s", strempty(hook->prefix), signature);
        return mac_equal(wanted, given) ? NULL : "the signature is wrong";
}

/* --- Handshakes --- */

/* Challenges are numbers, UUIDs, and base64; nothing that would have to be escaped in an answer, and no JSON object. */
static bool is_challenge(const char *text)
{
        size_t size = strspn(strempty(text), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.");

        return size > 0 && size <= HOOK_CHALLENGE_MAX && !text[size];
}

static char *hub_challenge(const char *token, hook_value_fn query, void *data)
{
        const char *challenge = query("hub.challenge", data);

        if (isempty(token) || !mac_equal(token, strempty(query("hub.verify_token", data)))
            || !streq(strempty(query("hub.mode", data)), "subscribe") || !is_challenge(challenge))
                return NULL;
        return xstrdup(challenge);
}

static char *answer_challenge(const char *secret, const char *challenge, enum mentiond_signature form, const char *format)
{
        _cleanup_free_ char *signature = NULL;

        if (isempty(secret) || !is_challenge(challenge))
                return NULL;
        signature = hook_sign(form, secret, challenge, strlen(challenge));
        return xasprintf(format, signature, challenge);
}

char *hook_handshake(const struct mentiond_hook *hook, const char *secret, const char *token, hook_value_fn query, void *data,
                     const char **ret_type)
{
        *ret_type = "application/json";
        switch (hook->handshake) {
        case MENTIOND_HUB_CHALLENGE:
                *ret_type = "text/plain";
                return hub_challenge(token, query, data);
        case MENTIOND_CRC_TOKEN:
                return answer_challenge(secret, query("crc_token", data), MENTIOND_HMAC_SHA256_BASE64,
                                        "{\"response_token\":\"sha256=%1$s\"}");
        case MENTIOND_CHALLENGE_CODE:
                return answer_challenge(secret, query("challengeCode", data), MENTIOND_HMAC_SHA256_HEX,
                                        "{\"challengeCode\":\"%2$s\",\"challengeResponse\":\"%1$s\"}");
        default:
                return NULL;
        }
}
