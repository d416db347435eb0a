/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/clock.h"

#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

static void out_parameter_is_untouched_and_too_large_file_refused(void **state)
{
        _cleanup_free_ char *path = xasprintf("/tmp/mentiond-test-util.%d", (int) getpid());
        _cleanup_free_ char *data = NULL;
        size_t size = 77;
        FILE *f = fopen(path, "w");
        (void) state;

        assert_non_null(f);
        assert_int_equal(fwrite("abc\0defghi", 1, 10, f), 10);
        fclose(f);

        assert_int_equal(read_file(path, 9, &data, &size), -EFBIG);
        assert_null(data);
        assert_int_equal(size, 77);
        assert_int_equal(read_file(path, 10, &data, &size), 0);
        assert_int_equal(size, 10);
        assert_memory_equal(data, "abc\0defghi", 11);
        unlink(path);
        assert_int_equal(read_file(path, 10, &data, NULL), -ENOENT);
        assert_int_equal(read_file("/tmp", 10, &data, NULL), -EISDIR);
}

static void file_without_a_known_size_is_read_whole(void **state)
{
        _cleanup_free_ char *data = NULL, *ostype = NULL, *none = NULL;
        size_t size;
        (void) state;

        assert_int_equal(read_file("/proc/self/status", 1 << 20, &data, &size), 0);
        assert_true(size > 0 && strlen(data) == size);
        assert_int_equal(read_file("/proc/self/status", size / 2, &none, NULL), -EFBIG);
        assert_int_equal(read_file("/proc/sys/kernel/ostype", strlen("Linux\n") - 1, &none, NULL), -EFBIG);
        assert_null(none);
        assert_int_equal(read_file("/proc/sys/kernel/ostype", strlen("Linux\n"), &ostype, NULL), 0);
        assert_int_equal(read_file("/dev/zero", 100000, &none, NULL), -EFBIG);
        assert_null(none);
}

static void strset_takes_a_value_from_inside_the_old_one(void **state)
{
        char *s = xstrdup("hello world");
        (void) state;

        strset(&s, s + 6);
        assert_string_equal(s, "world");
        strset(&s, NULL);
        assert_string_equal(s, "");
        free(s);
}

static void null_strings_are_copied_as_empty(void **state)
{
        _cleanup_free_ char *a = xstrdup(NULL), *b = xstrndup(NULL, 3), *c = xstrndup("abcdef", 3);
        (void) state;

        assert_string_equal(a, "");
        assert_string_equal(b, "");
        assert_string_equal(c, "abc");
}

static char order[8];

static void note(void *p)
{
        order[strlen(order)] = *(const char *) p;
}

static void arena_frees_what_it_owns_newest_first_before_its_memory(void **state)
{
        struct arena *a = arena_new();
        (void) state;

        memset(order, 0, sizeof(order));
        assert_null(arena_own(a, NULL, note));
        arena_own(a, arena_strdup(a, "1"), note);
        arena_own(a, arena_strdup(a, "2"), note);
        arena_own(a, arena_strdup(a, "3"), note);
        assert_string_equal(arena_take(a, xstrdup("freed, or a leak is found")), "freed, or a leak is found");
        arena_free(a);
        assert_string_equal(order, "321");
        arena_free(NULL);
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
        struct arena *a = arena_new();
        unsigned char *p[3000];
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(p); i++) {
                size_t size = i % 100 == 99 ? 100000 : i % 37;

                p[i] = arena_alloc(a, size);
                assert_int_equal((uintptr_t) p[i] % _Alignof(max_align_t), 0);
                for (size_t j = 0; j < size; j++)
                        assert_int_equal(p[i][j], 0);
                memset(p[i], (int) (i % 251) + 1, size);
                (void) arena_printf(a, "%0*d", (int) (i % 3000), 0);     /* tried in the room that is left */
        }
        for (size_t i = 0; i < ELEMENTSOF(p); i++)
                for (size_t j = 0; j < (i % 100 == 99 ? 100000 : i % 37); j++)
                        if (p[i][j] != i % 251 + 1)
                                fail_msg("allocation %zu was overwritten", i);
        arena_free(a);
}

static void arena_strings(void **state)
{
        struct arena *a = arena_new();
        (void) state;

        assert_string_equal(arena_strdup(a, NULL), "");
        assert_string_equal(arena_strndup(a, "abcdef", 2), "ab");
        assert_string_equal(arena_printf(a, "%s-%d", "x", 7), "x-7");
        arena_free(a);
}

static void arena_strings_of_any_length_are_whole(void **state)
{
        struct arena *a = arena_new(), *sized = arena_new_sized(100);
        const char *strings[2000];
        (void) state;

        for (int i = 0; i < (int) ELEMENTSOF(strings); i++)
                strings[i] = arena_printf(i % 7 ? a : sized, "%.*s%d", i, i ? strings[i - 1] : "", i % 10);
        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                assert_int_equal(strlen(strings[i]), i + 1);
                for (size_t j = 0; j <= i; j++)
                        assert_int_equal(strings[i][j], '0' + j % 10);
        }
        arena_free(a);
        arena_free(sized);
}

static int64_t fixed_utc(void)
{
        return 42;
}

static uint64_t draws[4];
static size_t n_drawn;

static void scripted_random(void *p, size_t n)
{
        assert_int_equal(n, sizeof(draws[0]));
        memcpy(p, &draws[n_drawn++], n);
}

static void clock_and_chance_come_from_the_source(void **state)
{
        const struct clock_source source = { .utc_usec = fixed_utc, .mono_usec = fixed_utc, .random = scripted_random };
        (void) state;

        clock_set_source(&source);
        assert_int_equal(utc_usec(), 42);
        assert_int_equal(mono_usec(), 42);
        draws[0] = 7;
        n_drawn = 0;
        assert_int_equal(random_u64(), 7);
        clock_set_source(NULL);
        assert_true(utc_usec() > INT64_C(1700000000) * USEC_PER_SEC);
        int64_t before = mono_usec();
        assert_true(mono_usec() >= before);
        assert_int_not_equal(random_u64(), random_u64());
}

static void random_below_draws_again_where_the_rest_would_be_unfair(void **state)
{
        const struct clock_source source = { .utc_usec = fixed_utc, .mono_usec = fixed_utc, .random = scripted_random };
        (void) state;

        clock_set_source(&source);
        /* 2^64 mod 10 is 6: 0 to 5 would come up once more often than 6 to 9. */
        draws[0] = 5;
        draws[1] = 0;
        draws[2] = 6;
        n_drawn = 0;
        assert_int_equal(random_below(10), 6);
        assert_int_equal(n_drawn, 3);
        n_drawn = 0;
        assert_int_equal(random_below(0), 0);
        assert_int_equal(random_below(-3), 0);
        assert_int_equal(n_drawn, 0);
        clock_set_source(NULL);
        for (int i = 0; i < 1000; i++) {
                int64_t v = random_below(3);

                assert_true(v >= 0 && v < 3);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(out_parameter_is_untouched_and_too_large_file_refused),
                cmocka_unit_test(file_without_a_known_size_is_read_whole),
                cmocka_unit_test(strset_takes_a_value_from_inside_the_old_one),
                cmocka_unit_test(null_strings_are_copied_as_empty),
                cmocka_unit_test(arena_frees_what_it_owns_newest_first_before_its_memory),
                cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
                cmocka_unit_test(arena_strings),
                cmocka_unit_test(arena_strings_of_any_length_are_whole),
                cmocka_unit_test(clock_and_chance_come_from_the_source),
                cmocka_unit_test(random_below_draws_again_where_the_rest_would_be_unfair),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
