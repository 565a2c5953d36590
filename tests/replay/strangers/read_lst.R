# SPDX-License-Identifier: Apache-2.0
#
# Rscript read_lst.R FILE: an emed .lst by base R and nothing else, as its format says: pages that
# begin at a line with "Page" and end at a form feed, the sensor's size in cm, the interval in ms, a
# table of kPa with row and column numbers and sums called Force. Prints a line a page: largest cell
# (kPa), sum of the cells times the area of a sensor (N), printed force of the page (N); first a line
# with interval (s), rows, columns.
lines <- readLines(commandArgs(TRUE)[1], warn = FALSE)
numbers <- function(text) as.numeric(regmatches(text, gregexpr("[0-9]+[.][0-9]+", text))[[1]])
size_m <- numbers(grep("Sensor size", lines, value = TRUE)[1]) / 100
interval_s <- numbers(sub(".*picture:", "", grep("Time/picture", lines, value = TRUE)[1])) / 1000
first <- grep("Page", lines)
last <- which(lines == "\f")
stopifnot(length(first) + 1 == length(last))
for (i in seq_along(first)) {
  text <- lines[(first[i] + 10):(last[i] - 1)]
  page <- read.table(text = text, sep = "\t", header = TRUE, row.names = 1, check.names = FALSE)
  stopifnot(rownames(page)[nrow(page)] == "Force", colnames(page)[ncol(page)] == "Force")
  kpa <- as.matrix(page[-nrow(page), -ncol(page)])
  if (i == 1)
    cat(sprintf("%.17g %d %d\n", interval_s, nrow(kpa), ncol(kpa)))
  cat(sprintf("%.17g %.17g %.17g\n", max(kpa), sum(kpa) * 1e3 * prod(size_m), page[nrow(page), ncol(page)]))
}
