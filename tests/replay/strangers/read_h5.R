# SPDX-License-Identifier: Apache-2.0
#
# Rscript read_h5.R TRIAL: a session file by hdf5r. From raw counts to newtons as docs/archive.md
# says; HDF5's first dimension is R's last. Prints schema and subject, then a line a frame: force
# computed here and force as recorded (N).
library(hdf5r)
f <- H5File$new(commandArgs(TRUE)[1], "r")
cal <- f[["mat/calibration"]]
raw <- f[["frames/raw"]][, , ]
has <- function(name) name %in% names(cal)
table_of <- function(name, default) if (has(name)) as.vector(cal[[name]][, ]) else default
cells <- matrix(as.numeric(raw), ncol = dim(raw)[3])  # [cells, frames]
lin <- (cells - table_of("tare", 0) - table_of("cell_offset", 0)) * table_of("cell_gain", 1)
kpa <- h5attr(cal, "scale") * lin
kpa[kpa < max(h5attr(cal, "noise_floor"), 0)] <- 0
if (has("cell_state")) kpa[as.vector(cal[["cell_state"]][, ]) != 0, ] <- 0
area_m2 <- h5attr(f[["mat"]], "pitch_row_m") * h5attr(f[["mat"]], "pitch_col_m")
cat(h5attr(f, "schema"), h5attr(f, "subject"), f[["events"]][]$kind[1], "\n")
cat(sprintf("%.17g %.17g\n", colSums(kpa) * 1e3 * area_m2, f[["metrics/force_n"]][]), sep = "")
