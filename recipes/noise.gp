# Draws accuracies against noise: gnuplot -c recipes/noise.gp RESULTS PICTURE.png
# RESULTS: a line "dropout|plain DECIBELS ACCURACY" for each model and ratio.
set terminal pngcairo size 700,450 font 'DejaVu Sans,11' background rgb '#ffffff'
set output ARG2
set grid ytics lt 1 lc rgb '#dddddd'
set border 3
set tics nomirror out
set xlabel 'signal-to-noise ratio of the test data (dB)'
set ylabel 'accuracy (%)'
set xrange [-6:21]
set xtics (-5, 0, 5, 10, 20)
set key bottom right
each(kind) = sprintf("< grep '^%s ' '%s'", kind, ARG1)
means(kind) = sprintf("< awk '$1 == \"%s\" { sum[$2] += $3; ++n[$2] } END { for (r in n) print r, sum[r] / n[r] }' '%s' \
                       | sort -n", kind, ARG1)
plot means('dropout') using 1:(100 * $2) with lines lw 2 lc rgb '#D55E00' title 'dropout, mean of the seeds', \
     each('dropout') using 2:(100 * $3) with points pt 7 lc rgb '#D55E00' title 'each seed', \
     means('plain') using 1:(100 * $2) with lines lw 2 lc rgb '#0072B2' title 'without', \
     each('plain') using 2:(100 * $3) with points pt 6 lc rgb '#0072B2' title 'each seed'
