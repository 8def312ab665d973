// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stats.h"

#include <math.h>

/*
 * The continued fraction of the incomplete beta function, by Lentz' method:
 * numerator and denominator grow together, so that neither overflows.
 */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), result;
	int m;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	result = d;
	for (m = 1; m <= 500; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x /
			     ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		result *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		result *= d * c;
		if (fabs(d * c - 1) < 1e-14)
			break;
	}
	return result;
}

static double incomplete_beta(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x >= 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) +
		    b * log1p(-x));
	/* The fraction converges fast on one side only. */
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* The chance that Student's t is above @t. */
static double t_above(double t, double freedom)
{
	double tail =
		incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) /
		2;

	return t >= 0 ? tail : 1 - tail;
}

static void describe(const double *values, unsigned int n, double *ret_mean,
		     double *ret_variance)
{
	double sum = 0, squares = 0, mean;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += values[i];
	mean = sum / n;
	for (i = 0; i < n; i++)
		squares += (values[i] - mean) * (values[i] - mean);
	*ret_mean = mean;
	*ret_variance = squares / (n - 1);
}

struct stats_difference stats_welch(const double *a, unsigned int n_a,
				    const double *b, unsigned int n_b)
{
	double mean_a, mean_b, part_a, part_b, sum;
	struct stats_difference result;

	describe(a, n_a, &mean_a, &part_a);
	describe(b, n_b, &mean_b, &part_b);
	part_a /= n_a;
	part_b /= n_b;
	sum = part_a + part_b;
	result.mean = mean_b - mean_a;
	result.error = sqrt(sum);
	result.freedom = n_a + n_b - 2;
	if (sum > 0)
		result.freedom = sum * sum /
				 (part_a * part_a / (n_a - 1) +
				  part_b * part_b / (n_b - 1));
	return result;
}

struct stats_difference stats_paired(const double *a, const double *b,
				     unsigned int n)
{
	struct stats_difference result = {.freedom = n - 1};
	double sum = 0, squares = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += b[i] - a[i];
	result.mean = sum / n;
	for (i = 0; i < n; i++) {
		double off = b[i] - a[i] - result.mean;

		squares += off * off;
	}
	result.error = sqrt(squares / (n - 1) / n);
	return result;
}

double stats_chance_above(const struct stats_difference *difference,
			  double bound)
{
	if (difference->error <= 0)
		return difference->mean > bound ? 0 : 1;
	return t_above((difference->mean - bound) / difference->error,
		       difference->freedom);
}

double stats_half_width(const struct stats_difference *difference,
			double confidence)
{
	double tail = (1 - confidence) / 2, low = 0, high = 1e6;
	int i;

	for (i = 0; i < 200; i++) {
		double middle = (low + high) / 2;

		if (t_above(middle, difference->freedom) > tail)
			low = middle;
		else
			high = middle;
	}
	return high * difference->error;
}
