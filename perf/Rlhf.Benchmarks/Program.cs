using System.CommandLine;
using Rlhf.Benchmarks;

var root = new RootCommand("Measures the kernels of this build beside what a user would run instead.") { KernelsCommand.Create() };
return root.Parse(args).Invoke();
