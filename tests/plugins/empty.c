/* SPDX-License-Identifier: MIT
 * A shared object that is no plugin. */
int mentiond_test_empty(void);
int mentiond_test_empty(void)
{
        return 0;
}
