using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda.Tests.Modules;

public sealed class KernelCacheTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("rlhf-cache").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Entry_IsReadAsItWasWritten()
    {
        KernelCache cache = new(_folder);
        cache.Write("a", [1, 2, 3], "a log");
        Assert.That(cache.TryRead("a", out byte[] image, out string log));
        Assert.That(image, Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(log, Is.EqualTo("a log"));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1), "nothing written aside is left");
    }

    [Test]
    public void Entry_ThatIsDamaged_CountsAsAbsent([Values(0, 36, 43)] int at)
    {
        KernelCache cache = new(_folder);
        cache.Write("a", [1, 2, 3], "a log");
        byte[] file = File.ReadAllBytes(cache.PathOf("a"));
        file[at] ^= 1;
        File.WriteAllBytes(cache.PathOf("a"), file);
        Assert.That(cache.TryRead("a", out _, out _), Is.False);
    }

    [Test]
    public void Entry_ThatIsCutShort_CountsAsAbsent([Values(0, 10, 40)] int length)
    {
        KernelCache cache = new(_folder);
        cache.Write("a", [1, 2, 3], "a log");
        File.WriteAllBytes(cache.PathOf("a"), File.ReadAllBytes(cache.PathOf("a"))[..length]);
        Assert.That(cache.TryRead("a", out _, out _), Is.False);
    }

    [Test]
    public void Folder_ThatCannotBe_IsNoError()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        KernelCache cache = new(Path.Combine(file, "below"));
        Assert.That(() => cache.Write("a", [1], ""), Throws.Nothing);
        Assert.That(cache.TryRead("a", out _, out _), Is.False);
    }

    [Test]
    public void Key_DependsOnEverything()
    {
        string[] keys =
        [
            Key(), Key(version: "11.7"), Key(module: "b"), Key(text: "u"), Key(header: "i"), Key(headerText: "y"), Key(option: "p"),
        ];
        Assert.That(keys, Is.Unique);
        Assert.That(Key(), Is.EqualTo(keys[0]));

        static string Key(string version = "11.8", string module = "a", string text = "t", string header = "h", string headerText = "x", string option = "o") =>
            KernelCache.Key(Version.Parse(version), module, text, [(header, headerText)], [option]);
    }

    [Test]
    public void Compile_OfADamagedEntry_CompilesAgain()
    {
        if (!KernelCompiler.IsAvailable)
        {
            Assert.Ignore(KernelCompiler.UnavailableReason!);
        }

        KernelCache cache = new(_folder);
        byte[] first = Compile();
        string file = Directory.GetFiles(_folder).Single();
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, whole[..^1]);
        Assert.That(Compile(), Is.EqualTo(first));
        Assert.That(File.ReadAllBytes(file), Has.Length.EqualTo(whole.Length), "written again");

        byte[] Compile() => KernelCompiler.Compile("policy/ppo_clip_loss", 80, ImageKind.Ptx, cache).Image.ToArray();
    }
}
