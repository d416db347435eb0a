/* SPDX-License-Identifier: MIT
 * Lengths as X counts them, held against twitter-text's own data in the folder that MENTIOND_SHARED names. */
#include "base/text.h"

#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <yaml.h>

#define URL_LENGTH 23

static char *folder;

static yaml_node_t *member(yaml_document_t *d, yaml_node_t *map, const char *key)
{
        assert_non_null(map);
        assert_int_equal(map->type, YAML_MAPPING_NODE);
        for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
                if (streq((const char *) yaml_document_get_node(d, p->key)->data.scalar.value, key))
                        return yaml_document_get_node(d, p->value);
        fail_msg("there is no \"%s\"", key);
        return NULL;
}

static const char *scalar(yaml_document_t *d, yaml_node_t *map, const char *key)
{
        return (const char *) member(d, map, key)->data.scalar.value;
}

static void load(const char *name, yaml_document_t *ret)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, name), *text = NULL;
        yaml_parser_t parser;
        size_t size;

        assert_int_equal(read_file(path, 1024 * 1024, &text, &size), 0);
        assert_true(yaml_parser_initialize(&parser));
        yaml_parser_set_input_string(&parser, (const unsigned char *) text, size);
        assert_true(yaml_parser_load(&parser, ret));
        yaml_parser_delete(&parser);
}

#define FOR_EACH(d, list, one)                                                                                     \
        for (yaml_node_item_t *at = (list)->data.sequence.items.start; at < (list)->data.sequence.items.top; at++)  \
                for (yaml_node_t *one = yaml_document_get_node(d, *at); one; one = NULL)

static uint64_t length(const char *text)
{
        return text_weighted_length(text, TEXT_X_WEIGHTED, URL_LENGTH, false);
}

/* How many there are, and how many of them count more here. */
static void check_group(yaml_document_t *d, const char *group, size_t *ret_n, size_t *ret_more)
{
        yaml_node_t *list = member(d, member(d, yaml_document_get_root_node(d), "tests"), group);

        *ret_n = *ret_more = 0;
        FOR_EACH(d, list, one) {
                const char *text = scalar(d, one, "text");
                uint64_t expected = strtoull(scalar(d, member(d, one, "expected"), "weightedLength"), NULL, 10), n = length(text);

                if (n < expected)
                        fail_msg("%s: %" PRIu64 ", not %" PRIu64, scalar(d, one, "description"), n, expected);
                *ret_n += 1;
                *ret_more += n > expected;
        }
}

static void x_weighs_as_its_own_data_say(void **state)
{
        yaml_document_t d;
        size_t n, more;
        (void) state;

        load("validate.yml", &d);
        /* What counts more: hosts in Japanese and Urdu, as neither their length in punycode nor X's list is known here. */
        check_group(&d, "WeightedTweetsWithDiscountedEmojiCounterTest", &n, &more);
        assert_int_equal(n, 22);
        assert_int_equal(more, 1);
        check_group(&d, "UnicodeDirectionalMarkerCounterTest", &n, &more);
        assert_int_equal(n, 2);
        assert_int_equal(more, 1);
        yaml_document_delete(&d);
}

/* Each URL that X sees in a text at its weight there, and the rest at its own. */
static uint64_t length_by_urls(yaml_document_t *d, const char *text, yaml_node_t *urls)
{
        uint64_t n = 0;

        FOR_EACH(d, urls, url) {
                const char *found = strstr(text, (const char *) url->data.scalar.value);
                _cleanup_free_ char *before = NULL;

                assert_non_null(found);
                before = xstrndup(text, (size_t) (found - text));
                n += text_length(before, TEXT_X_WEIGHTED) + URL_LENGTH;
                text = found + strlen((const char *) url->data.scalar.value);
        }
        return n + text_length(text, TEXT_X_WEIGHTED);
}

static void urls_that_x_sees_never_count_less(void **state)
{
        yaml_document_t d;
        size_t n = 0, exact = 0;
        (void) state;

        load("extract.yml", &d);
        FOR_EACH(&d, member(&d, member(&d, yaml_document_get_root_node(&d), "tests"), "urls"), one) {
                const char *text = scalar(&d, one, "text");
                uint64_t expected = length_by_urls(&d, text, member(&d, one, "expected")), counted = length(text);

                if (counted < expected)
                        fail_msg("%s: %s: %" PRIu64 ", not %" PRIu64, scalar(&d, one, "description"), text, counted, expected);
                n++;
                exact += counted == expected;
        }
        assert_int_equal(n, 91);
        assert_true(exact >= 73);
        yaml_document_delete(&d);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(x_weighs_as_its_own_data_say),
                cmocka_unit_test(urls_that_x_sees_never_count_less),
        };

        folder = xasprintf("%s/contracts/x/twitter-text", strempty(getenv("MENTIOND_SHARED")));
        if (access(folder, R_OK) < 0) {
                puts("1..0 # SKIP MENTIOND_SHARED names no folder with contracts/x/twitter-text");
                free(folder);
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
