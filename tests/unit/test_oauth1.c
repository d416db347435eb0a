/* SPDX-License-Identifier: MIT
 * Requests that are signed with OAuth 1.0a. */
#include "fakes.h"

#include "base/clock.h"
#include "host/oauth1.h"

static struct mentiond_op op;

/* One request with keys in clear text; NULL for a form: none. */
struct signing {
        const char *consumer_key, *consumer_secret, *token, *token_secret, *nonce;
        int64_t seconds;
        const char *method, *url, *form;
};

static void open_op(void)
{
        fake_open(0);
        op_begin(&op, brand, "post", USEC_PER_MINUTE);
}

static void close_op(void)
{
        op_end(&op);
        fake_close();
}

/* What the header says of this name; "" if nothing. */
static const char *said(const char *header, const char *name)
{
        const char *at = strstr(header, mentiond_format(&op, " %s=\"", name));

        if (!at)
                return "";
        at = strchr(at, '"') + 1;
        return mentiond_format(&op, "%.*s", (int) strcspn(at, "\""), at);
}

static const char *signature(const struct signing *s)
{
        struct mentiond_secret *consumer = secret_new(s->consumer_secret), *token = secret_new(s->token),
                               *secret = secret_new(s->token_secret);
        const struct mentiond_oauth1 keys = {
                .struct_size = sizeof keys, .consumer_key = s->consumer_key, .consumer_secret = consumer, .token = token,
                .token_secret = secret,
        };
        const struct mentiond_request request = {
                .struct_size = sizeof request, .method = s->method, .path = s->url, .body = s->form,
                .content_type = s->form ? "application/x-www-form-urlencoded" : NULL,
        };
        const char *header = oauth1_header(&op, &keys, &request, s->nonce, s->seconds);

        assert_true(startswith(header, "Authorization: OAuth "));
        assert_string_equal(said(header, "oauth_consumer_key"), s->consumer_key);
        assert_string_equal(said(header, "oauth_token"), s->token);
        assert_string_equal(said(header, "oauth_nonce"), s->nonce);
        assert_string_equal(said(header, "oauth_signature_method"), "HMAC-SHA1");
        secret_free(consumer);
        secret_free(token);
        secret_free(secret);
        return said(header, "oauth_signature");
}

/* The example of OAuth 1.0, whose signature is in every text about it. */
static const struct signing photos = {
        .consumer_key = "dpf43f3p2l4k3l03", .consumer_secret = "kd94hf93k423kf44", .token = "nnch734d00sl2jdk",
        .token_secret = "pfkkdhi9sl3r4s00", .nonce = "kllo9940pd9333jh", .seconds = 1191242096,
        .url = "http://photos.example.net/photos?file=vacation.jpg&size=original",
};

static void request_has_the_signature_that_is_published_for_it(void)
{
        open_op();
        assert_string_equal(signature(&photos), "tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D");
        close_op();
}

/* The example of X's documentation, "Creating a signature". */
static void form_is_signed_with_the_query(void)
{
        static const struct signing update = {
                .consumer_key = "xvz1evFS4wEEPTGEFPHBog", .consumer_secret = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
                .token = "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
                .token_secret = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
                .nonce = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", .seconds = 1318622958,
                .method = "POST", .url = "https://api.x.com/1.1/statuses/update.json?include_entities=true",
                .form = "status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21",
        };

        open_op();
        assert_string_equal(signature(&update), "Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D");
        close_op();
}

/* The parameters of RFC 5849, section 3.4.1, with a version: of two of one name the values decide, and one has none. */
static void parameters_are_signed_in_the_order_of_names_and_values(void)
{
        static const struct signing request = {
                .consumer_key = "9djdj82h48djs9d2", .consumer_secret = "j49sk3j29djd", .token = "kkk9d7dh3k39sjv7",
                .token_secret = "dh893hdasih9", .nonce = "7d8f3e4a", .seconds = 137131201,
                .method = "POST", .url = "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", .form = "c2&a3=2%20q",
        };

        open_op();
        assert_string_equal(signature(&request), "OB33pYjWAnf%2BxtOHN4Gmbdil168%3D");
        close_op();
}

/* Section 3.4.1.2. */
static void address_is_signed_as_the_server_knows_it(void)
{
        struct signing other = photos;

        open_op();
        other.url = "HTTP://Photos.Example.NET:80/photos?file=vacation.jpg&size=original#there";
        assert_string_equal(signature(&other), signature(&photos));
        other.url = "http://photos.example.net:8080/photos?file=vacation.jpg&size=original";
        assert_string_not_equal(signature(&other), signature(&photos));
        other.url = "http://photos.example.net/Photos?file=vacation.jpg&size=original";
        assert_string_not_equal(signature(&other), signature(&photos));
        close_op();
}

static void each_header_is_another(void)
{
        const struct mentiond_oauth1 keys = { .struct_size = sizeof keys, .consumer_key = "key" };
        const struct mentiond_request request = { .struct_size = sizeof request, .path = "https://api.example/2/me" };
        const char *one, *two;
        int64_t seconds;

        open_op();
        one = mentiond_oauth1(&op, &keys, &request);
        two = mentiond_oauth1(&op, &keys, &request);
        assert_string_not_equal(said(one, "oauth_nonce"), said(two, "oauth_nonce"));
        assert_true(strlen(said(one, "oauth_nonce")) == 40);
        seconds = strtoll(said(one, "oauth_timestamp"), NULL, 10);
        assert_in_range(seconds, utc_usec() / USEC_PER_SEC - 60, utc_usec() / USEC_PER_SEC);
        close_op();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(request_has_the_signature_that_is_published_for_it),
                world_test(form_is_signed_with_the_query),
                world_test(parameters_are_signed_in_the_order_of_names_and_values),
                world_test(address_is_signed_as_the_server_knows_it),
                world_test(each_header_is_another),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
