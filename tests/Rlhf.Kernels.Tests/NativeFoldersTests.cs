namespace Rlhf.Kernels.Tests;

public sealed class NativeFoldersTests
{
    [Test]
    public void Search_BeginsWithTheFolderThatIsNamed_ThenTheApplications()
    {
        string? before = Environment.GetEnvironmentVariable(NativeFolders.Variable);
        try
        {
            Environment.SetEnvironmentVariable(NativeFolders.Variable, "/named");
            Assert.That(NativeFolders.Search().Take(2), Is.EqualTo(new[] { "/named", AppContext.BaseDirectory }));
            Environment.SetEnvironmentVariable(NativeFolders.Variable, null);
            Assert.That(NativeFolders.Search().First(), Is.EqualTo(AppContext.BaseDirectory));
        }
        finally
        {
            Environment.SetEnvironmentVariable(NativeFolders.Variable, before);
        }
    }

    [Test]
    public void Load_SaysWhereItLookedAndWhatProvidesIt()
    {
        (nint handle, string? error) = NativeFolders.Load("librlhf_none.so", "libnone", "libnone-dev");
        Assert.That(handle, Is.EqualTo((nint)0));
        Assert.That(error, Does.StartWith($"librlhf_none.so was not found in {NativeFolders.Search().First()}").And.Contain("libnone-dev").And.Contain(NativeFolders.Variable));
    }

    [Test]
    public void Load_SaysWhatTheLoaderSays_OfAFileThatIsNoLibrary()
    {
        string file = $"librlhf_{Guid.NewGuid():N}.so", path = Path.Combine(AppContext.BaseDirectory, file);
        File.WriteAllText(path, "no library");
        try
        {
            (nint handle, string? error) = NativeFolders.Load(file, "libnone", "libnone-dev");
            Assert.That(handle, Is.EqualTo((nint)0));
            Assert.That(error, Does.StartWith($"{path} does not load: ").And.Contain("libnone-dev provides libnone"));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
