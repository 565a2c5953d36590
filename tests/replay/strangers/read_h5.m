% SPDX-License-Identifier: Apache-2.0
%
% octave-cli read_h5.m TRIAL SCALE FLOOR AREA_M2: a session file by Octave's own load, which knows no
% attributes: scale (kPa a count), noise floor (kPa) and area of a cell come from the caller. From raw
% counts to newtons as docs/archive.md says; HDF5's first dimension is Octave's last. Prints the first
% word of the mat's configuration and of the summary, then a line a frame: force computed here and
% force as recorded (N).
arguments = argv ();
warning ("off", "all"); % tables of mixed columns (events, gaps) are not for load
s = load ("-hdf5", arguments{1});
scale = str2double (arguments{2}); lowest = str2double (arguments{3});
unit = str2double (arguments{4}) * 1e3;
cal = s.mat.calibration;
lin = double (s.frames.raw);
if (isfield (cal, "tare")) lin -= double (cal.tare); end
if (isfield (cal, "cell_offset")) lin -= double (cal.cell_offset); end
if (isfield (cal, "cell_gain")) lin .*= double (cal.cell_gain); end
kpa = scale * lin;
kpa(kpa < max (lowest, 0)) = 0;
if (isfield (cal, "cell_state")) kpa .*= (cal.cell_state == 0); end
printf ("%s %s\n", strtok (s.mat.config_text, "\n"), s.summary(1:13));
printf ("%.17g %.17g\n", [squeeze(sum (sum (kpa, 1), 2))' * unit; double(s.metrics.force_n(:))']);
