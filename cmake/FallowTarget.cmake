# What every target of the project is compiled with.
function(fallow_target_defaults target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  # Contraction would let Mul then Add fuse on some instruction sets only, and results would depend on the target.
  target_compile_options(${target} PRIVATE -ffp-contract=off -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
  if(FALLOW_DEVELOPER)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
