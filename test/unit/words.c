/* The vocabulary: each name leads to its word, and nothing else does. */
#include "core.h"
#include "tap.h"
#include "words.h"

static void
check_table(const char *const *names, int nnames, const char *what)
{
	for (int i = 0; i < nnames; i++)
		is_int64(svp_word_index(names, nnames, names[i]), i, what);
	is_int64(svp_word_index(names, nnames, ""), -1, "an empty name is no word");
	is_int64(svp_word_index(names, nnames, "Open"), -1, "case matters");
}

int
main(void)
{
	check_table(svp_state_names, SVP_NSTATES, "a state is found by its name");
	check_table(svp_dimension_names, SVP_NDIMENSIONS, "a dimension is found by its name");
	check_table(svp_mode_names, SVP_NMODES, "a mode is found by its name");
	return done_testing();
}
