# Draws the scores of all splits: gnuplot -c recipes/uci/plot.gp RESULTS PUBLISHED_RMSE PUBLISHED_LIKELIHOOD PICTURE.png
set terminal pngcairo size 1100,450 font 'DejaVu Sans,11' background rgb '#ffffff'
set output ARG4
set multiplot layout 1,2
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror out
set xlabel 'split'
set xrange [-1:20]
set key above
set style data points
dropout(column) = sprintf("< grep ' dropout ' '%s' | awk '{print $1, $%d}'", ARG1, column)
plain(column) = sprintf("< grep ' plain ' '%s' | awk '{print $1, $%d}'", ARG1, column)
set ylabel 'RMSE, in the target''s units'
plot dropout(7) pt 7 lc rgb '#D55E00' title 'dropout', plain(7) pt 6 lc rgb '#0072B2' title 'without', \
     real(ARG2) lc rgb '#666666' dt 2 title 'published mean'
set ylabel 'log-likelihood of a row'
plot dropout(8) pt 7 lc rgb '#D55E00' title 'dropout', plain(8) pt 6 lc rgb '#0072B2' title 'without', \
     real(ARG3) lc rgb '#666666' dt 2 title 'published mean'
