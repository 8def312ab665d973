/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_STATS_H
#define DAXSIM_STATS_H

/* Whether one series of measurements is above another, or only noisier. */

/* The difference of two means, with how sure it is. */
struct stats_difference {
	double mean;
	double error;   /* standard error of @mean */
	double freedom; /* degrees of freedom */
};

/* @b less @a: Welch's t-test, for series that have nothing to do with each
 * other. At least two values each. */
struct stats_difference stats_welch(const double *a, unsigned int n_a,
				    const double *b, unsigned int n_b);

/* The same where value number i of @a and of @b were measured together. */
struct stats_difference stats_paired(const double *a, const double *b,
				     unsigned int n);

/* The chance to see such a difference if the true one were @bound or less. */
double stats_chance_above(const struct stats_difference *difference,
			  double bound);

/* Half the width of the interval that holds the true one at @confidence. */
double stats_half_width(const struct stats_difference *difference,
			double confidence);

#endif
