# Headers of the standard library and fmt, read once for all files of a target: a third of the time of a build from
# nothing. None of the project's own are among them, so that touching one compiles what includes it and no more.
# Off: ccache knows unchanged files better, every file must name what it needs, and g++ 12 takes precompiled headers for
# the project's own and warns falsely within them.
option(SLIPWAY_PRECOMPILE "Precompile the headers of the standard library" OFF)
set(SLIPWAY_PRECOMPILED <algorithm> <array> <atomic> <bit> <charconv> <chrono> <cmath> <condition_variable> <cstddef>
  <cstdint> <cstring> <filesystem> <fstream> <functional> <limits> <map> <memory> <mutex> <numeric> <optional> <set> <span>
  <string> <string_view> <thread> <tuple> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h>)

# ARGN: headers beside these.
function(slipway_precompile target)
  if(SLIPWAY_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${SLIPWAY_PRECOMPILED} ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict>)
  endif()
endfunction()

# Takes what `from` has precompiled; both are compiled with the same options.
function(slipway_reuse_precompiled target from)
  if(SLIPWAY_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${from})
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict>)
  endif()
endfunction()
