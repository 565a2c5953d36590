# SPDX-License-Identifier: Apache-2.0
#
# Rscript pressure.R SOURCE FILE: an emed .lst by load_emed of the R package pressuRe, whose source
# file is SOURCE (needs the packages that it needs). Prints interval (s), frames, the largest cell
# (kPa), the largest force of a frame (N) and the area of all cells that were loaded (cm2).
arguments <- commandArgs(TRUE)
source(arguments[1])
loaded <- load_emed(arguments[2])
force <- as.vector(loaded$pressure_array %*% loaded$sens_size) * 1e3
cat(sprintf("%.17g %d %.17g %.17g %.17g\n", loaded$time, nrow(loaded$pressure_array),
            max(loaded$pressure_array), max(force), sum(loaded$sens_size) * 1e4))
