/* SPDX-License-Identifier: MIT */
#include "io/address.h"

#include <errno.h>
#include <setjmp.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

static struct sockaddr_storage address;
static socklen_t size;

static bool is_loopback(const char *text)
{
        assert_int_equal(address_parse(text, &address, &size), 0);
        return address_is_loopback((const struct sockaddr *) &address);
}

static void addresses_to_listen_on_have_a_port(void **state)
{
        (void) state;

        assert_true(is_loopback("127.0.0.1:8090"));
        assert_int_equal(address.ss_family, AF_INET);
        assert_int_equal(ntohs(((struct sockaddr_in *) &address)->sin_port), 8090);
        assert_int_equal(size, sizeof(struct sockaddr_in));
        assert_true(is_loopback("127.255.0.9:65535"));
        assert_true(is_loopback("[::1]:1"));
        assert_int_equal(address.ss_family, AF_INET6);
        assert_int_equal(ntohs(((struct sockaddr_in6 *) &address)->sin6_port), 1);
        assert_false(is_loopback("0.0.0.0:8090"));
        assert_false(is_loopback("[::]:8090"));
        assert_false(is_loopback("192.0.2.1:8090"));
        assert_false(is_loopback("[::ffff:127.0.0.1]:8090"));
}

static void sockets_in_the_file_system_have_a_path(void **state)
{
        char path[200] = "/run/mentiond/listen";
        (void) state;

        assert_true(is_loopback(path));
        assert_int_equal(address.ss_family, AF_UNIX);
        assert_string_equal(((struct sockaddr_un *) &address)->sun_path, path);
        memset(path, '/', sizeof path - 1);
        assert_int_equal(address_parse(path, &address, &size), -ENAMETOOLONG);
}

static void what_is_neither_is_refused(void **state)
{
        static const char *const wrong[] = {
                "", ":", ":8090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:1x",
                "127.0.0.1:99999999999999999999", "localhost:8090", "127.1:8090", "::1:8090", "[::1]8090", "[::1:8090", "[]:8090",
                "run/listen",
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(address_parse(wrong[i], &address, &size), -EINVAL);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_to_listen_on_have_a_port),
                cmocka_unit_test(sockets_in_the_file_system_have_a_path),
                cmocka_unit_test(what_is_neither_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
